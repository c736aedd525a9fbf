// Four backfill processes, fifty accounts, ten thousand jobs: who does what is nobody's configuration. Every range is fetched once, every
// row is there once, and each process has its share.
import { JobQueues, type PlannedJob } from '@fxtape/jobs';
import { createLog, systemClock } from '@fxtape/ops';
import { AppliedWatch, AppliedWriter, migrate, QuestDbHttp, TableWriter } from '@fxtape/questdb';
import { type Recording, type Service, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { atTheEnd, begin } from './lane.ts';

const DAY_US = 86_400_000_000;
const ACCOUNTS = 50;
const DAYS = 200;
/** A Wednesday, and the broker's clock is not set in the two hundred days before: no hour of them occurs twice. */
const START_MS = Date.UTC(2026, 9, 21, 12);
const SYMBOL = 'BTCUSD';
const log = createLog({ service: 'test', level: 'error' });
const clock = systemClock();

const accountId = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const nameOf = (i: number): string => `acc${i}`;

const start = async (): Promise<Recording> => {
  const indices = Array.from({ length: ACCOUNTS }, (_, i) => i);
  const recording = await begin({
    calm: 'counts requests',
    redis: true,
    clock: '{ replayed: true }',
    accounts: indices.map((i) => ({ id: accountId(i), name: nameOf(i), symbols: [SYMBOL] })),
    scenario: {
      ledger: 'counts',
      accounts: indices.map((i) => ({ id: accountId(i), nickname: nameOf(i), login: 1000 + i })),
      source: {
        kind: 'market',
        ticksPerSecond: 0,
        symbols: [SYMBOL],
        startUtc: new Date(START_MS).toISOString(),
      },
      history: { days: 400 },
    },
  });
  await register(recording);
  return recording;
};

/** What the scheduler writes of accounts before it plans for them. */
async function register(recording: Recording): Promise<void> {
  const http = new QuestDbHttp({ conf: recording.questdb.conf });
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  await migrate({ client: http, log });
  const ts = clock.nowUs();
  const rule = 'America/New_York+7h';
  const accounts = Array.from({ length: ACCOUNTS }, (_, i) => {
    const account = nameOf(i);
    const server = `${account}-server`;
    return { ts, account, account_id: accountId(i), login: 1000 + i, server, feed: account };
  });
  const rules = accounts.map(({ server }) => ({
    ts: Date.UTC(1971, 0) * 1000,
    server,
    ts_decided: ts,
    rule,
    rule_id: rule,
  }));
  const applied = new AppliedWriter({ writer, applied: new AppliedWatch({ http, clock }) });
  await applied.write({ accounts, clock_rules: rules }, { signal: AbortSignal.timeout(30_000) });
  writer.close();
  http.close();
}

const jobs = (): PlannedJob[] => {
  const lastUs = Math.floor((START_MS * 1000) / DAY_US) * DAY_US;
  return Array.from({ length: ACCOUNTS }, (_, i) => nameOf(i)).flatMap((account) =>
    Array.from({ length: DAYS }, (_, n): PlannedJob => {
      const range = { fromUs: lastUs - (n + 1) * DAY_US, toUs: lastUs - n * DAY_US };
      const payload = { account, feed: account, symbol: SYMBOL, timeframe: 'H1', ...range } as const;
      return { name: 'bars', payload: { ...payload, why: 'history' } };
    }),
  );
};

/** Jobs that each process has finished. */
const shares = (workers: readonly Service[]): Promise<number[]> =>
  Promise.all(
    workers.map(async ({ http }) => {
      const text = await (await fetch(`${http}/metrics`)).text();
      const lines = [...text.matchAll(/^fxtape_job_runs_total\{[^}]*end="done"[^}]*\} (\d+)/gm)];
      return lines.reduce((sum, [, count]) => sum + Number(count), 0);
    }),
  );

test('four processes share ten thousand jobs of fifty accounts, and nothing is done twice', async () => {
  const recording = await start();
  const workers = await Promise.all([1, 2, 3, 4].map(() => recording.backfill()));
  const queues = new JobQueues({ redisUrl: recording.redis.url, log });
  atTheEnd(() => queues.close());
  const all = jobs();
  const begunMs = performance.now();
  expect((await queues.plan(all)).counts.added).toBe(all.length);
  const left = async (): Promise<number> =>
    (await queues.report()).accounts.reduce(
      (sum, { active, delayed, failed, waiting }) => sum + active + delayed + failed + waiting,
      0,
    );
  await until(async () => (await left()) === 0, {
    what: 'an empty queue',
    deadlineMs: 600_000,
    everyMs: 500,
    retryErrors: true,
  });
  const seconds = (performance.now() - begunMs) / 1000;
  const done = await shares(workers);
  const { accounts } = await recording.gateway.requests();
  const use = accounts.map(({ history }) => history);
  const asked = use.reduce((sum, { count }) => sum + count, 0);
  const repeated = use.reduce((sum, { repeatedAfterOk }) => sum + repeatedAfterOk, 0);
  process.stdout.write(
    `four-processes: ${all.length} jobs in ${seconds.toFixed(1)} s, shares ${done.join(' / ')}, ${asked} requests, ${repeated} of them again after an answer\n`,
  );
  // Each job by one process, and none of them idle.
  expect(done.reduce((sum, count) => sum + count, 0)).toBe(all.length);
  for (const count of done) expect(count).toBeGreaterThan(all.length / 10);
  // Right after first use an answer is asked for twice: by each process that meets the account, for the jobs it begins until two agree.
  expect(asked - repeated).toBe(all.length);
  expect(repeated).toBeLessThanOrEqual(ACCOUNTS * workers.length * 12);
  const [[rows, distinct]] = (await recording.sql(
    'SELECT count(), count_distinct(concat(feed, ts)) FROM bars',
  )) as [[number, number]];
  expect(rows).toBe(ACCOUNTS * DAYS * 24);
  expect(distinct).toBe(rows);
  const [[revisions]] = (await recording.sql('SELECT count() FROM bar_revisions')) as [[number]];
  expect(revisions).toBe(rows);
}, 900_000);
