// How well a backfill uses a slow gateway: concurrent requests, counted by the gateway, as a share of the account's limit, once the budget has
// grown to that limit and over the whole run. Then how many more requests it needs when a third of the answers fail.
import { type RouteUse, startQuestDb, startRedis } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { historyRun, SYMBOLS } from './history-run.ts';
import type { BenchOptions } from './options.ts';
import { figure, note, table, title } from './report.ts';

const ALLOWED = 3;
/** With the first, a small machine's database may be the bottleneck; with the second it is the gateway. */
const ANSWERS_MS = [300, 1000] as const;

export const concurrency = async (o: BenchOptions): Promise<void> => {
  for (const answerMs of ANSWERS_MS) await measure(o, answerMs);
  await troubled(o);
};

async function measure(o: BenchOptions, answerMs: number): Promise<void> {
  title(
    `concurrency: a gateway that takes ${answerMs} ms an answer (aim: 95 % of ${ALLOWED} requests at once, under 1 % needless)`,
  );
  const questdb = await startQuestDb();
  const redis = await startRedis();
  const run = await historyRun({
    account: 'slow',
    accountId: '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e41',
    conf: questdb.conf,
    pg: questdb.pg,
    redisUrl: redis.url,
    symbols: SYMBOLS,
    days: o.short ? 60 : 180,
    answerMs,
    profileDir: o.profileDir,
  });
  try {
    const beganMs = performance.now();
    await run.plan();
    let grown: RouteUse | null = null;
    let full: RouteUse | null = null;
    for (let left = run.jobs.length; left > 0; left = await run.left()) {
      await delay(100);
      if (left === run.jobs.length) continue;
      const use = await run.use();
      if (use.concurrentMax >= ALLOWED) grown ??= use;
      if (left > 4 * ALLOWED) full = use;
    }
    await run.finished();
    const seconds = (performance.now() - beganMs) / 1000;
    const whole = await run.use();
    note(
      `requests: ${await run.purposes()}; asked again after an answer: ${whole.repeatedAfterOk} of ${whole.count}`,
    );
    const between = (from: RouteUse | null, to: RouteUse | null): number[] =>
      (to?.busyMs ?? []).map((ms, level) => ms - (from?.busyMs[level] ?? 0));
    table(
      ['', 'seconds', 'requests at once, average', 'of what is allowed', 'ms with 0, 1, 2, 3 at once'],
      [line('budget at its limit, work waiting', between(grown, full)), line('the whole run', whole.busyMs)],
    );
    note(`${run.jobs.length} jobs of ${SYMBOLS.length} symbols in ${figure(seconds, 1)} s, one process`);
  } finally {
    await run.close();
    await redis.close();
    await questdb.close();
  }
}

/** Shares of all requests, at random. */
const TROUBLES: readonly (readonly [string, object])[] = [
  ['random_faults', { rate: 0.03, kinds: ['timeout'] }],
  [
    'random_faults',
    {
      rate: 0.05,
      kinds: ['too_many', 'bad_gateway', 'unavailable', 'slow', 'cut', 'reset'],
      slowMs: 3000,
      seed: 2,
    },
  ],
];

async function troubled(o: BenchOptions): Promise<void> {
  title(
    'random faults: 3 % 504, 5 % each of 429, 502, 503, slow, cut, reset; 30 days of M1 of three symbols',
  );
  const questdb = await startQuestDb();
  const redis = await startRedis();
  const rows: string[][] = [];
  for (const [what, faults] of [
    ['no faults', []],
    ['with them', TROUBLES],
  ] as const) {
    const run = await historyRun({
      account: faults.length === 0 ? 'calm' : 'troubled',
      accountId: `0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e4${faults.length}`,
      conf: questdb.conf,
      pg: questdb.pg,
      redisUrl: redis.url,
      symbols: SYMBOLS.slice(0, 3),
      days: 30,
      answerMs: 100,
      faults,
      profileDir: o.profileDir,
    });
    try {
      const beganMs = performance.now();
      await run.plan();
      await run.finished();
      const seconds = (performance.now() - beganMs) / 1000;
      const [bars, use] = [await run.rows(), await run.use()];
      const refused = Object.entries(use.statuses).flatMap(([status, n]) => (status === '200' ? [] : [n]));
      rows.push([
        what,
        figure(seconds, 1),
        figure(use.count),
        figure(refused.reduce((sum, n) => sum + n, 0)),
        figure(bars),
        figure((1000 * use.count) / bars, 2),
      ]);
    } finally {
      await run.close();
    }
  }
  table(['', 'seconds', 'requests', 'not answered', 'bars', 'requests per 1,000 bars'], rows);
  await redis.close();
  await questdb.close();
}

const line = (what: string, busyMs: readonly number[]) => {
  const spent = busyMs.reduce((sum, ms) => sum + ms, 0);
  const average = busyMs.reduce((sum, ms, level) => sum + ms * level, 0) / spent;
  return [
    what,
    figure(spent / 1000, 1),
    figure(average, 2),
    `${figure((100 * average) / ALLOWED, 1)} %`,
    busyMs.map((ms) => figure(ms)).join(' / '),
  ];
};
