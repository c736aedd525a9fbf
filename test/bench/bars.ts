// Bars of history into QuestDB. First the local cost: answers that cost the gateway nothing, through the handlers of one worker process,
// beside a script with the official client. Then the whole: a year of M1 for ten symbols from a simulated gateway, through the queue and a
// backfill process, until every bar is applied and claimed.
import { JobQueues, type PlannedJob } from '@fxtape/jobs';
import { createLog, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  migrate,
  pgQuery,
  QuestDbHttp,
  sqlText,
  TableWriter,
} from '@fxtape/questdb';
import {
  type QuestDbServer,
  type RedisServer,
  SimulatedGateway,
  startQuestDb,
  startRedis,
  startService,
  tempDir,
  until,
} from '@fxtape/testkit';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BarsResult, BarsRun } from './bars-child.ts';
import { cannedBars } from './canned-bars.ts';
import { measureInChild } from './child.ts';
import type { BenchOptions } from './options.ts';
import { childNamed, cpuShare, sight } from './processes.ts';
import { figure, median, note, spread, table, title } from './report.ts';

const DAY_US = 86_400_000_000;
const SYMBOLS = 'EURUSD GBPUSD USDJPY USDCHF USDCAD AUDUSD NZDUSD EURGBP EURJPY EURCHF'.split(' ');
const ACCOUNT_ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const KEY = 'fxs_ro_demo';
const log = createLog({ service: 'bench', level: 'error' });
const clock = systemClock();

export const bars = async (o: BenchOptions): Promise<void> => {
  const questdb = await startQuestDb();
  const http = new QuestDbHttp({ conf: questdb.conf });
  try {
    await migrate({ client: http, log });
    await localCost(o, questdb, http);
    const redis = await startRedis();
    try {
      await wholeYear(o, { questdb, redis, http });
    } finally {
      await redis.close();
    }
  } finally {
    http.close();
    await questdb.close();
  }
};

/** What the scheduler writes of an account before there are jobs for it. */
async function register(http: QuestDbHttp, account: string, accountId: string): Promise<void> {
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  const applied = new AppliedWriter({ writer, applied: new AppliedWatch({ http, clock }) });
  const ts = clock.nowUs();
  const rule = 'America/New_York+7h';
  const server = `${account}-server`;
  await applied.write(
    {
      accounts: [{ ts, account, account_id: accountId, login: 1, server, feed: account }],
      clock_rules: [{ ts: Date.UTC(1971, 0) * 1000, server, ts_decided: ts, rule, rule_id: rule }],
    },
    { signal: AbortSignal.timeout(30_000) },
  );
  writer.close();
}

async function localCost(o: BenchOptions, questdb: QuestDbServer, http: QuestDbHttp): Promise<void> {
  const [symbols, barsPerSymbol] = o.short ? [4, 100_000] : [10, 200_000];
  title('bars: local cost of a bar, answer → checked → compared → in QuestDB (aim 500,000 bars/s)');
  note(
    `${symbols} symbols × ${figure(barsPerSymbol)} M1 bars in jobs of 50,000, two at once; ${o.runs} runs each in turn, each in a process of its own`,
  );
  const fromMs = Date.UTC(2025, 0, 1);
  const gateway = await cannedBars(fromMs, barsPerSymbol);
  const results = { backfill: [] as BarsResult[], script: [] as BarsResult[] };
  try {
    for (let i = 0; i < o.runs; i++) {
      for (const how of ['backfill', 'script'] as const) {
        const account = `${how}${i}`;
        await register(http, account, 'canned');
        const { conf } = questdb;
        const run: BarsRun = {
          how,
          conf,
          gateway: gateway.url,
          account,
          symbols,
          fromUs: fromMs * 1000,
          barsPerSymbol,
        };
        const child = { core: null, profileDir: o.profileDir };
        results[how].push(await measureInChild<BarsResult>('./bars-child.ts', run, child));
      }
    }
  } finally {
    gateway.close();
  }
  table(
    ['', 'bars/s: median (least … most)', 'bars per CPU second', 'rows written per bar', 'peak RSS, MB'],
    (['backfill', 'script'] as const).map((how) => {
      const found = results[how];
      return [
        how === 'backfill'
          ? 'one backfill process, revisions and claims included'
          : 'script: JSON.parse + official client, bars alone',
        spread(found.map(({ rows, seconds }) => rows / seconds)),
        median(found.map(({ cpuSeconds, rows }) => rows / cpuSeconds)),
        how === 'backfill' ? 2 : 1,
        median(found.map(({ peakRssMb }) => peakRssMb)),
      ];
    }),
  );
}

/** Jobs on the grid of weeks, newest first, as the planner makes them. */
const weeks = (account: string, symbols: readonly string[], fromUs: number, toUs: number): PlannedJob[] => {
  const jobs: PlannedJob[] = [];
  const width = 7 * DAY_US;
  for (let start = Math.floor(toUs / width) * width; start + width > fromUs; start -= width) {
    for (const symbol of symbols) {
      const range = { fromUs: Math.max(start, fromUs), toUs: Math.min(start + width, toUs) };
      jobs.push({
        name: 'bars',
        payload: { account, feed: account, symbol, timeframe: 'M1', ...range, why: 'history' },
      });
    }
  }
  return jobs;
};

async function wholeYear(
  o: BenchOptions,
  on: { questdb: QuestDbServer; redis: RedisServer; http: QuestDbHttp },
): Promise<void> {
  const symbols = o.short ? SYMBOLS.slice(0, 2) : SYMBOLS;
  title(
    'bars: a year of M1 from a simulated gateway, through the queue (aim: 10 symbols, 3.7 million bars, under 90 s)',
  );
  const dir = tempDir('bench-bars');
  const startUs = Date.UTC(2026, 1, 11, 12) * 1000;
  const gateway = await SimulatedGateway.start({
    dir: dir.path,
    scenario: {
      ledger: 'counts',
      source: {
        kind: 'market',
        ticksPerSecond: 0,
        symbols,
        startUtc: new Date(startUs / 1000).toISOString(),
      },
    },
  });
  const account = 'year';
  await register(on.http, account, ACCOUNT_ID);
  const config = join(dir.path, 'fxtape.yaml');
  writeFileSync(
    config,
    `accounts:\n  - id: ${ACCOUNT_ID}\n    name: ${account}\n    market_data: { feed: ${account}, symbols: ["*"] }\n    clock: { replayed: true }\n`,
  );
  const service = await startService('backfill', {
    dataDir: dir.path,
    env: {
      FXTAPE_CONFIG: config,
      FXSOCKET_API_KEY: KEY,
      FXSOCKET_BASE_URL: gateway.url,
      QDB_CLIENT_CONF: on.questdb.conf,
      REDIS_URL: on.redis.url,
      ...(o.profileDir === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${o.profileDir}` }),
    },
  });
  const queues = new JobQueues({ redisUrl: on.redis.url, log });
  try {
    const jobs = weeks(account, symbols, startUs - 365 * DAY_US, startUs - DAY_US);
    const pids = [gateway.pid, service.pid, childNamed('java')];
    const before = pids.map(sight);
    const beganMs = performance.now();
    await queues.plan(jobs);
    await until(() => idle(queues, account), { what: 'all jobs', deadlineMs: 900_000, everyMs: 100 });
    const seconds = (performance.now() - beganMs) / 1000;
    const cpu = before.map((each, i) => cpuShare(each, sight(pids[i] ?? null)));
    const [stored] = await pgQuery(
      on.questdb.pg,
      `SELECT count() n FROM bars WHERE feed = ${sqlText(account)}`,
    );
    const rows = Number(stored?.['n']);
    const metrics = await (await fetch(`${service.http}/metrics`)).text();
    const purposes = [...metrics.matchAll(/fxtape_backfill_requests_total\{[^}]*purpose="(\w+)"\} (\d+)/g)];
    note(`requests: ${purposes.map(([, purpose, n]) => `${purpose} ${n}`).join(', ')}; ${jobs.length} jobs`);
    table(
      ['', 'bars/s', 'bars', 'seconds', 'CPU: gateway', 'backfill', 'QuestDB'],
      [
        [
          `${symbols.length} symbols, one process`,
          rows / seconds,
          rows,
          figure(seconds, 1),
          ...cpu.map((share) => `${figure(100 * share)} %`),
        ],
      ],
    );
  } finally {
    await queues.close();
    await service.stop(10_000);
    await gateway.kill();
    await dir.remove();
  }
}

async function idle(queues: JobQueues, account: string): Promise<boolean> {
  const report = (await queues.report()).accounts.find((one) => one.account === account);
  const [failure] = report?.failures ?? [];
  if (failure !== undefined) throw new Error(failure.line);
  return report !== undefined && report.waiting + report.active + report.delayed === 0;
}
