// What the planner's and the workers' questions cost, printed: coverage of 400,000 claims, and the local way of bars in pieces of 10,000
// (ask what is there, write both tables, see them). The figures depend on the machine and are not asserted; the answers are.
import { createLog, systemClock } from '@fxtape/ops';
import type { RowInput } from '@fxtape/market';
import {
  AppliedWatch,
  AppliedWriter,
  HistoryReader,
  migrate,
  QuestDbHttp,
  TableWriter,
} from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
const { signal } = new AbortController();
let server: QuestDbServer;
let http: QuestDbHttp;
let reader: HistoryReader;
let writer: AppliedWriter;

beforeAll(async () => {
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log });
  reader = new HistoryReader({ http, clock });
  writer = new AppliedWriter({
    writer: new TableWriter({ http, log, clock, random: Math.random }),
    applied: new AppliedWatch({ http, clock }),
  });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});

const T = Date.UTC(2021, 0, 4) * 1000;
const MINUTE = 60_000_000;
const DAY = 1440 * MINUTE;

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startMs = clock.monoMs();
  const result = await work();
  console.log(`${what}: ${(clock.monoMs() - startMs).toFixed(1)} ms`);
  return result;
}

/** Claims of `streams` streams; every tenth leaves a hole behind it. */
function* claims(account: string, streams: number, each: number): Generator<RowInput<'coverage'>> {
  for (let stream = 0; stream < streams; stream++) {
    for (let i = 0; i < each; i++) {
      const ts = T + i * DAY;
      yield {
        ts,
        account,
        feed: account,
        symbol: `SYM${stream}`,
        stream: 'bars',
        timeframe: 'M1',
        range_id: 'history',
        ts_to: ts + (i % 10 === 9 ? DAY - MINUTE : DAY),
        source: 'history',
        rows: 1440,
        rule_id: 'UTC+3h',
      };
    }
  }
}

test('coverage of 400,000 claims: of one account, and of fifty', { timeout: 300_000 }, async () => {
  await writer.write({ coverage: [...claims('one', 250, 1600)] }, { signal });
  for (const round of ['first', 'again']) {
    const ranges = await timed(`400,000 claims of one account, ${round}`, () => reader.coverage('one'));
    expect(ranges).toHaveLength(250 * 160);
  }
  const key = { account: 'one', feed: 'one', symbol: 'SYM7', stream: 'bars', timeframe: 'M1' };
  const range = { fromUs: T + 12 * DAY, toUs: T + 13 * DAY };
  const [island] = await timed('one stream of them', () => reader.coverageOf(key, 'history', range));
  expect(island).toEqual({ fromUs: T + 10 * DAY, toUs: T + 20 * DAY - MINUTE });

  await http.exec('TRUNCATE TABLE coverage');
  const accounts = Array.from({ length: 50 }, (_, i) => `acc${i}`);
  const all = accounts.flatMap((account) => [...claims(account, 200, 40)]);
  await writer.write({ coverage: all }, { signal });
  await timed('400,000 claims of fifty accounts, one after the other', async () => {
    for (const account of accounts) expect(await reader.coverage(account)).toHaveLength(200 * 4);
  });
});

test('bars in pieces of 10,000: first read, and read again', { timeout: 300_000 }, async () => {
  const PIECE = 10_000;
  const PIECES = 30;
  const pieceOf = (n: number): (RowInput<'bars'> & RowInput<'bar_revisions'>)[] =>
    Array.from({ length: PIECE }, (_, i) => ({
      ts: T + (n * PIECE + i) * MINUTE,
      feed: 'icm',
      symbol: 'EURUSD',
      timeframe: 'M1',
      ts_seen: T + 2000 * DAY,
      open: 1.1 + i * 1e-5,
      high: 1.2 + i * 1e-5,
      low: 1 + i * 1e-5,
      close: 1.15 + i * 1e-5,
      tick_volume: i,
      real_volume: 0,
      spread_points: 12,
      utc_offset_s: 7200,
    }));
  const key = { feed: 'icm', symbol: 'EURUSD', timeframe: 'M1' };
  const rangeOf = (n: number) => ({
    fromUs: T + n * PIECE * MINUTE,
    toUs: T + (n + 1) * PIECE * MINUTE,
  });
  const pieces = Array.from({ length: PIECES }, (_, n) => pieceOf(n));
  const spent = { ask: 0, write: 0, again: 0 };
  const spend = async <R>(of: keyof typeof spent, work: () => Promise<R>): Promise<R> => {
    const startMs = clock.monoMs();
    const result = await work();
    spent[of] += clock.monoMs() - startMs;
    return result;
  };
  const first = async (n: number) => {
    const [known, versions] = await spend('ask', () =>
      Promise.all([reader.bars(key, rangeOf(n)), reader.latestBarRevisions(key, rangeOf(n))]),
    );
    expect([known.length, versions.length]).toEqual([0, 0]);
    const rows = pieces[n] ?? [];
    await spend('write', () => writer.write({ bar_revisions: rows, bars: rows }, { signal }));
  };
  const startMs = clock.monoMs();
  let next = 0;
  const job = async () => {
    while (next < PIECES) await first(next++);
  };
  await Promise.all([job(), job(), job(), job()]);
  const seconds = (clock.monoMs() - startMs) / 1000;
  const mean = (ms: number) => (ms / PIECES).toFixed(1);
  console.log(
    `first read, 4 jobs at once: ${Math.round((PIECES * PIECE) / seconds)} bars/s into two tables; ` +
      `a piece: ask ${mean(spent.ask)} ms, write and see ${mean(spent.write)} ms`,
  );
  for (let n = 0; n < PIECES; n++) {
    const found = await spend('again', () => reader.bars(key, rangeOf(n)));
    expect(found).toHaveLength(PIECE);
  }
  console.log(`read again: ${mean(spent.again)} ms a piece`);
  expect(await reader.bars(key, rangeOf(3))).toEqual(pieces[3]);
});
