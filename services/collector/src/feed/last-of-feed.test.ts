// What tapes of other accounts know of a feed: the newest tick of each symbol, whoever wrote it, and nothing of other feeds.
import { decodeFrame } from '@fxtape/fxsocket';
import { brokerMs, LastTicks, type StreamKey } from '@fxtape/market';
import { type Log, systemClock } from '@fxtape/ops';
import { TapeWriter } from '@fxtape/tape';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { goingOn, lastOfFeed, withLastTicks } from './last-of-feed.ts';
import { remembering, TapeMemory } from '../tape/tape-memory.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);

/** A tape of an account that recorded these ticks of a feed, `[symbol, seconds]`. */
async function tape(
  tapes: string,
  account: string,
  feed: string,
  ticks: [string, number][],
  next: readonly (string | null)[] = [],
): Promise<void> {
  const memory = new TapeMemory(account);
  const dir = join(tapes, account);
  const writer = await TapeWriter.open({ dir, account, head: () => memory.save(), clock: systemClock() });
  const streams = ticks.map(([symbol]) => ({ stream: 'ticks', symbol, timeframe: null }));
  writer.append([
    { conn: 0, recvUs: START_MS * 1000, event: 'configured', data: { feed, replayed: false, streams } },
    ...ticks.map(([symbol, s]) => {
      const time = new Date(START_MS + s * 1000).toISOString();
      const frame = JSON.stringify({ type: 'tick', symbol, data: { bid: s, ask: s + 1, time } });
      const recvUs = (START_MS + s * 1000) * 1000;
      return { conn: 1, recvUs, mark: 'live', frame, json: true, message: decodeFrame(frame) };
    }),
    ...next.map((other) => {
      const recvUs = (START_MS + 60_000) * 1000;
      return { conn: 1, recvUs, event: 'configured', data: { feed: other, streams: [] } };
    }),
  ]);
  await writer.close();
}

test('the newest tick of each symbol of the feed, from whichever tape; what cannot be read is left out', async () => {
  const tapes = mkdtempSync(join(tmpdir(), 'fxtape-feed-'));
  await tape(tapes, 'first', 'icm', [
    ['EURUSD', 1],
    ['GBPUSD', 2],
    ['EURUSD', 3],
  ]);
  await tape(tapes, 'second', 'icm', [['EURUSD', 5]]);
  await tape(tapes, 'third', 'icm', [['EURUSD', 4]]);
  await tape(tapes, 'other', 'demo', [['EURUSD', 9]]);
  // Without market data by now, and with another feed, its last ticks of the feed are known.
  await tape(tapes, 'left', 'icm', [['USDJPY', 6]], [null]);
  await tape(tapes, 'moved', 'icm', [['EURUSD', 7]], ['demo', null]);
  await tape(tapes, 'self', 'icm', [['EURUSD', 8]]);
  mkdirSync(join(tapes, 'odd', '20260624'), { recursive: true });
  writeFileSync(join(tapes, 'odd', '20260624', `${START_MS * 1000}.ndjson`), 'no tape');
  const log: Pick<Log, 'warn'> = { warn: vi.fn() };
  const found = await lastOfFeed(tapes, { feed: 'icm', but: 'self' }, log);
  rmSync(tapes, { recursive: true });
  expect(found.tickedUs).toBe((START_MS + 7000) * 1000);
  expect([...found.ticks].map(([symbol, { bid, ms }]) => [symbol, bid, (ms - START_MS) / 1000])).toEqual([
    ['EURUSD', 7, 7],
    ['GBPUSD', 2, 2],
    ['USDJPY', 6, 6],
  ]);
  expect(await lastOfFeed(join(tapes, 'gone'), { feed: 'icm', but: 'self' }, log)).toEqual({
    ticks: new Map(),
    tickedUs: 0,
  });
});

test('a folder that cannot be read is no empty one', async () => {
  const tapes = join(mkdtempSync(join(tmpdir(), 'fxtape-feed-')), 'tape');
  writeFileSync(tapes, 'a file');
  const found = lastOfFeed(tapes, { feed: 'icm', but: 'self' }, { warn: vi.fn() });
  await expect(found).rejects.toMatchObject({ code: 'TAPE_IO' });
  rmSync(dirname(tapes), { recursive: true });
});

test('a tape that comes back to its feed knows what others saw of it since, and nothing older than its own', () => {
  const tick = (bid: number) => ({ ms: brokerMs(START_MS + bid), bid, ask: 9, last: null, volume: null });
  const ticks = (symbol: string): StreamKey => ({ stream: 'ticks', symbol, timeframe: null });
  const others = new Map([
    ['EURUSD', tick(5)],
    ['GBPUSD', tick(1)],
    ['XAUUSD', tick(3)],
  ]);
  const own = new LastTicks([
    ['EURUSD', tick(2)],
    ['GBPUSD', tick(2)],
  ]);
  const streams = [
    ...['EURUSD', 'GBPUSD', 'XAUUSD', 'USDJPY'].map(ticks),
    { ...ticks('EURUSD'), stream: 'bars' as const },
  ];
  const known = goingOn(others, own)(streams).map(({ lastTick }) => lastTick?.bid ?? null);
  expect(known).toEqual([5, null, 3, null, null]);
});

test('a tape that comes back to its feed knows what it had of it: the database may lack that', async () => {
  const tapes = mkdtempSync(join(tmpdir(), 'fxtape-feed-'));
  await tape(tapes, 'other', 'icm', [['EURUSD', 4]]);
  await tape(tapes, 'self', 'icm', [['EURUSD', 8]], ['demo', 'icm', null]);
  const own = await remembering('self', join(tapes, 'self'));
  const { ticks } = await lastOfFeed(tapes, { feed: 'icm', but: 'self', own }, { warn: vi.fn() });
  rmSync(tapes, { recursive: true });
  expect(ticks.get('EURUSD')).toMatchObject({ bid: 8 });
});

describe('a symbol joins a feed that is recorded already', () => {
  const ticks = (symbol: string): StreamKey => ({ stream: 'ticks', symbol, timeframe: null });
  const rows = (...symbols: string[]) =>
    new Map(
      symbols.map((symbol) => [
        symbol,
        {
          symbol,
          bid: 20,
          ask: 21,
          last: null,
          volume: null,
          ts: (START_MS + 20) * 1000,
          ts_recv: 0,
          source: 'live',
          utc_offset_s: 0,
        },
      ]),
    );
  const joined = async (
    latestTicks: () => Promise<ReturnType<typeof rows>>,
    symbols = ['EURUSD', 'GBPUSD', 'USDJPY'],
  ) => {
    const tapes = mkdtempSync(join(tmpdir(), 'fxtape-feed-'));
    await tape(tapes, 'former', 'icm', [['GBPUSD', 4]]);
    const log = { warn: vi.fn() };
    const o = {
      dir: join(tapes, 'self'),
      feed: 'icm',
      account: 'self',
      others: null,
      log,
      signal: new AbortController().signal,
    };
    const own = { symbols: ['EURUSD'], last: new LastTicks() };
    const streams = await withLastTicks({ ...o, reader: { latestTicks } }, own, symbols.map(ticks));
    rmSync(tapes, { recursive: true });
    return { known: streams.map(({ lastTick }) => lastTick?.bid), warned: log.warn.mock.calls.length };
  };

  test('what another account recorded of it last is known, from its tape and from the database', async () => {
    expect(await joined(async () => rows('USDJPY'))).toEqual({ known: [undefined, 4, 20], warned: 0 });
  });

  test('it does not wait for a database that is away', async () => {
    const away = () => Promise.reject(new Error('connection refused'));
    expect(await joined(away)).toEqual({ known: [undefined, 4, undefined], warned: 1 });
  });

  test('nothing is asked when none joins', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await joined(never, ['EURUSD'])).toEqual({ known: [undefined], warned: 0 });
  });
});
