// How old a tick is when a query can see it: 5,000 ticks/s over 28 symbols, alone and beside a backfill, and what QuestDB writes for each row.
// All processes share one machine and so one clock. Between two answers to the polling query the newest visible time moves from A to B, so every
// tick in (A, B] counts as seen at the second answer: too late by at most the polling interval, never too early.
import { type Row, tableDef } from '@fxtape/market';
import { EARLIEST_TS_US, encodeRows, QuestDbHttp } from '@fxtape/questdb';
import { Recording, startRedis } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { SYMBOL_NAMES } from './frames.ts';
import { historyRun, SYMBOLS } from './history-run.ts';
import { marketNow } from './market-now.ts';
import { NAIVE_TABLE, startNaive } from './naive.ts';
import type { BenchOptions } from './options.ts';
import { childNamed, cpuShare, sight } from './processes.ts';
import { figure, median, note, percentile, table, title } from './report.ts';

const TICKS_PER_SECOND = 5000;
const PRELOADED = 1_000_000;
const POLL_MS = 2;

interface Measured {
  readonly what: string;
  /** Milliseconds from the tick's own time and from its receive time to the answer that showed it; `sent` is empty for a replayed day. */
  readonly sent: readonly number[];
  readonly received: readonly number[];
  readonly pollMs: readonly number[];
  readonly queryMs: readonly number[];
  readonly rows: number;
  readonly writtenPerRow: number;
  readonly diskPerRow: number;
  readonly cpu: number;
}

export const latency = async (o: BenchOptions): Promise<void> => {
  title(
    'latency: sent → visible in SQL at 5,000 ticks/s (p99 under 250 ms, aim 150; under 1,000 bytes a row)',
  );
  const market = marketNow(TICKS_PER_SECOND);
  const recording = await Recording.start(market);
  const http = new QuestDbHttp({ conf: recording.questdb.conf });
  try {
    const questdb = childNamed('java');
    const service = await recording.collector();
    await recording.live(service);
    await preload(http, Date.now() - market.behindMs);
    await delay(o.short ? 3000 : 10_000);
    const ours = await watch(http, 'ticks', 'fxtape collector', { seconds: o.seconds, questdb });
    const beside = await besideBackfill(o, recording, () =>
      watch(http, 'ticks', 'fxtape collector, beside a backfill at full speed', {
        seconds: o.seconds,
        questdb,
      }),
    );
    await service.stop(30_000);
    const script = await startNaive(recording);
    await delay(o.short ? 3000 : 10_000);
    const seconds = Math.max(5, o.seconds / 2);
    const naive = await watch(http, NAIVE_TABLE, 'script: ws + official client', { seconds, questdb });
    script.signal('SIGTERM');
    await script.exited;
    const measured = [ours, beside, naive];
    if (market.behindMs === 0) print(measured);
    else {
      print(measured.map((each) => ({ ...each, sent: [] })));
      note('the market replays an old day, so only the times since receipt are known');
    }
  } finally {
    http.close();
    await recording.close();
  }
};

/** Measures while a backfill process writes M1 bars of ten symbols to the same database as fast as it can. */
const besideBackfill = async (
  o: BenchOptions,
  recording: Recording,
  measure: () => Promise<Measured>,
): Promise<Measured> => {
  const redis = await startRedis();
  const run = await historyRun({
    account: 'beside',
    accountId: '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e40',
    conf: recording.questdb.conf,
    pg: recording.questdb.pg,
    redisUrl: redis.url,
    symbols: SYMBOLS,
    days: o.short ? 180 : 1500,
    answerMs: 0,
    profileDir: null,
  });
  try {
    await run.plan();
    await delay(3000);
    const [beganMs, rowsBefore] = [performance.now(), await run.rows()];
    const measured = await measure();
    const seconds = (performance.now() - beganMs) / 1000;
    const rows = (await run.rows()) - rowsBefore;
    const left = await run.left();
    note(
      `the backfill beside it: ${figure(rows / seconds)} bars/s, ${left} of ${run.jobs.length} jobs left at the end`,
    );
    return measured;
  } finally {
    await run.close();
    await redis.close();
  }
};

/** Fills the market's current day up to ten minutes ago, because the cost of a commit depends on the size of its partition. */
const preload = async (http: QuestDbHttp, nowMs: number): Promise<void> => {
  const fromUs = Math.floor(nowMs / 86_400_000) * 86_400_000_000;
  const untilUs = (nowMs - 600_000) * 1000;
  if (untilUs - fromUs < PRELOADED || fromUs < EARLIEST_TS_US) return;
  const step = Math.floor((untilUs - fromUs) / PRELOADED);
  for (let first = 0; first < PRELOADED; first += 50_000) {
    const rows = Array.from({ length: 50_000 }, (_, i): Row => {
      const ts = fromUs + (first + i) * step;
      const symbol = SYMBOL_NAMES[i % SYMBOL_NAMES.length];
      return { ts, feed: 'preloaded', symbol, ts_recv: ts + 1, bid: 1.1, ask: 1.2, source: 'live' };
    });
    await http.write('ticks', encodeRows(tableDef('ticks'), rows).body);
  }
};

const newest = async (
  http: QuestDbHttp,
  name: string,
): Promise<{ sentUs: number; receivedUs: number } | null> => {
  const { dataset } = await http.exec(`SELECT cast(ts as long), cast(ts_recv as long) FROM ${name} LIMIT -1`);
  const [sentUs, receivedUs] = dataset[0] ?? [];
  return sentUs === null || receivedUs === null
    ? null
    : { sentUs: Number(sentUs), receivedUs: Number(receivedUs) };
};

const count = async (http: QuestDbHttp, name: string): Promise<number> =>
  Number((await http.exec(`SELECT count() FROM ${name}`)).dataset[0]?.[0]);

const watch = async (
  http: QuestDbHttp,
  name: string,
  what: string,
  o: { seconds: number; questdb: number | null },
): Promise<Measured> => {
  const sent: number[] = [];
  const received: number[] = [];
  const pollMs: number[] = [];
  const queryMs: number[] = [];
  const rowsBefore = await count(http, name);
  const before = sight(o.questdb);
  const endMs = performance.now() + o.seconds * 1000;
  let last = await newest(http, name);
  let lastAskedMs = performance.now();
  while (performance.now() < endMs) {
    await delay(POLL_MS);
    const askedMs = performance.now();
    const found = await newest(http, name);
    // Wall clock with fractions, as in the receive times.
    const nowUs = (performance.timeOrigin + performance.now()) * 1000;
    queryMs.push(performance.now() - askedMs);
    pollMs.push(askedMs - lastAskedMs);
    lastAskedMs = askedMs;
    if (found === null || last === null) {
      last = found;
      continue;
    }
    ages(sent, last.sentUs, found.sentUs, nowUs);
    ages(received, last.receivedUs, found.receivedUs, nowUs);
    last = found;
  }
  const after = sight(o.questdb);
  const rows = (await count(http, name)) - rowsBefore;
  return {
    what,
    sent,
    received,
    pollMs,
    queryMs,
    rows,
    writtenPerRow: ((after?.writtenBytes ?? Number.NaN) - (before?.writtenBytes ?? Number.NaN)) / rows,
    diskPerRow: ((after?.diskBytes ?? Number.NaN) - (before?.diskBytes ?? Number.NaN)) / rows,
    cpu: cpuShare(before, after),
  };
};

/** Ages of the ticks that became visible. Ticks come evenly, so every millisecond of (from, to] counts the same. */
const ages = (into: number[], fromUs: number, toUs: number, nowUs: number): void => {
  for (let us = fromUs + 1000; us < toUs; us += 1000) into.push((nowUs - us) / 1000);
  if (toUs > fromUs) into.push((nowUs - toUs) / 1000);
};

const print = (all: readonly Measured[]): void => {
  const three = (values: readonly number[]): string[] =>
    [0.5, 0.95, 0.99, 1].map((p) => figure(percentile(values, p), 1));
  table(
    ['ms', 'p50', 'p95', 'p99', 'max'],
    all.flatMap(({ received, sent, what }) => [
      [`${what}: sent → visible`, ...three(sent)],
      [`${what}: received → visible`, ...three(received)],
    ]),
  );
  table(
    [
      'QuestDB',
      'rows',
      'bytes written per row (write calls)',
      '… (towards the disk)',
      'CPU',
      'poll every, ms: median',
      'p99',
      'query, ms: median',
    ],
    all.map((each) => [
      each.what,
      each.rows,
      figure(each.writtenPerRow),
      figure(each.diskPerRow),
      `${figure(100 * each.cpu)} %`,
      figure(median(each.pollMs), 1),
      figure(percentile(each.pollMs, 0.99), 1),
      figure(median(each.queryMs), 1),
    ]),
  );
  note(
    'An age is too high by up to a polling interval, and `sent` by up to 4 ms more: the gateway sends in slices of that length.',
  );
};
