// Throughput of history bars into QuestDB. First the local cost: canned answers through the handlers of one worker process, next to a script with the
// official client. Then the whole path: a year of M1 for ten symbols from a simulated gateway, through the queue and a backfill process, until every
// bar is applied and claimed.
import { createLog } from '@fxtape/ops';
import { migrate, QuestDbHttp } from '@fxtape/questdb';
import { type QuestDbServer, type RedisServer, startQuestDb, startRedis } from '@fxtape/testkit';
import type { BarsResult, BarsRun } from './bars-child.ts';
import { cannedBars } from './canned-bars.ts';
import { measureInChild } from './child.ts';
import { historyRun, register, SYMBOLS } from './history-run.ts';
import type { BenchOptions } from './options.ts';
import { childNamed, cpuShare, sight } from './processes.ts';
import { figure, median, note, spread, table, title } from './report.ts';

const ACCOUNT_ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const log = createLog({ service: 'bench', level: 'error' });

export const bars = async (o: BenchOptions): Promise<void> => {
  const questdb = await startQuestDb();
  const http = new QuestDbHttp({ conf: questdb.conf });
  try {
    await migrate({ client: http, log });
    await localCost(o, questdb, http);
    const redis = await startRedis();
    try {
      await wholeYear(o, questdb, redis);
    } finally {
      await redis.close();
    }
  } finally {
    http.close();
    await questdb.close();
  }
};

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

async function wholeYear(o: BenchOptions, questdb: QuestDbServer, redis: RedisServer): Promise<void> {
  const symbols = o.short ? SYMBOLS.slice(0, 2) : SYMBOLS;
  title(
    'bars: a year of M1 from a simulated gateway, through the queue (aim: 10 symbols, 3.7 million bars, under 90 s)',
  );
  const run = await historyRun({
    account: 'year',
    accountId: ACCOUNT_ID,
    conf: questdb.conf,
    pg: questdb.pg,
    redisUrl: redis.url,
    symbols,
    days: 365,
    answerMs: 0,
    profileDir: o.profileDir,
  });
  try {
    const pids = [run.pids.gateway, run.pids.backfill, childNamed('java')];
    const before = pids.map(sight);
    const beganMs = performance.now();
    await run.plan();
    await run.finished();
    const seconds = (performance.now() - beganMs) / 1000;
    const cpu = before.map((each, i) => cpuShare(each, sight(pids[i] ?? null)));
    const rows = await run.rows();
    note(`requests: ${await run.purposes()}; ${run.jobs.length} jobs`);
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
    await run.close();
  }
}
