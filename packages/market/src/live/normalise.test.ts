import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { GUARD_US } from './line-sight.ts';
import { type FrameLine, normalise, type NormaliseContext } from './normalise.ts';
import { noRows } from '../tables/tables.ts';
import type { WireMessage } from '../tables/wire.ts';

const context: NormaliseContext = {
  account: 'demo',
  feed: 'icm',
  rule: parseClockRule('America/New_York+7h'),
  replayed: false,
};
const RECV = Date.UTC(2026, 5, 23, 9, 0, 0, 250) * 1000;

const line = (message: WireMessage, mark: string | null = null, tsRecv = RECV): FrameLine => ({
  tsRecv,
  mark,
  raw: JSON.stringify(message),
  message,
});
const tick = (time: string, more: object = {}): WireMessage => ({
  type: 'tick',
  symbol: 'EURUSD',
  data: { bid: 1.0849, ask: 1.0851, last: 0, volume: 0, time, ...more },
});

describe('ticks', () => {
  test('stand in true UTC microseconds, with the offset that was applied', () => {
    const rows = noRows();
    expect(normalise(line(tick('2026-06-23T12:00:00.123Z'), 'live'), context, rows)).toBe('written');
    expect(rows.ticks).toEqual([
      {
        ts: Date.UTC(2026, 5, 23, 9, 0, 0, 123) * 1000,
        feed: 'icm',
        symbol: 'EURUSD',
        ts_recv: RECV,
        bid: 1.0849,
        ask: 1.0851,
        last: null,
        volume: null,
        utc_offset_s: 10_800,
        source: 'live',
        quality: null,
      },
    ]);
  });

  test('zero and absent last and volume are unknown, other values stay', () => {
    const rows = noRows();
    normalise(line(tick('2026-06-23T12:00:00Z', { last: 1.5, volume: 3 }), 'live'), context, rows);
    normalise(
      line(tick('2026-06-23T12:00:00Z', { last: undefined, volume: undefined }), 'live'),
      context,
      rows,
    );
    expect(rows.ticks.map((row) => [row.last, row.volume])).toEqual([
      [1.5, 3],
      [null, null],
    ]);
  });

  test('a repeat gives no row; a stale snapshot does, the guard does not hold it', () => {
    const rows = noRows();
    normalise(line(tick('2026-06-23T12:00:00Z'), 'repeat'), context, rows);
    normalise(line(tick('2026-06-19T23:59:00Z'), 'snapshot'), context, rows);
    expect(rows.ticks.map((row) => row.source)).toEqual(['snapshot']);
  });

  test('the guard refuses a live tick 20 minutes off, unless the gateway replays', () => {
    const at = line(tick('2026-06-23T13:00:00Z'), 'live');
    const rows = noRows();
    expect(normalise(at, context, rows)).toBe('odd');
    expect(rows.ticks).toEqual([]);
    expect(normalise(at, { ...context, replayed: true }, rows)).toBe('written');
    const edge = line(tick('2026-06-23T12:20:00.249Z'), 'live');
    expect(normalise(edge, context, rows)).toBe('written');
    expect(GUARD_US).toBe(1_200_000_000);
  });

  test('in the hour that occurs twice the fold nearest to the receive time is taken, or the one on the mark', () => {
    const twice = '2026-11-01T08:30:00.000Z';
    const rows = noRows();
    const second = Date.UTC(2026, 10, 1, 6, 30);
    normalise(line(tick(twice), 'live', (second + 40) * 1000), context, rows);
    normalise(line(tick(twice), 'live', (second - 3_600_000 + 40) * 1000), context, rows);
    normalise(line(tick(twice), 'live/2'), { ...context, replayed: true }, rows);
    normalise(line(tick(twice), 'live/1'), { ...context, replayed: true }, rows);
    expect(rows.ticks.map((row) => row.ts / 1000)).toEqual([
      second,
      second - 3_600_000,
      second,
      second - 3_600_000,
    ]);
  });

  test('of two folds none is of the future: what a quiet symbol last did in the first fold, told in the second', () => {
    const second = Date.UTC(2026, 10, 1, 6, 50);
    const received = second - 20 * 60_000;
    for (const mark of ['snapshot', 'live']) {
      const rows = noRows();
      const late = { ...context, replayed: mark === 'live' };
      normalise(line(tick('2026-11-01T08:50:00.000Z'), mark, received * 1000), late, rows);
      expect(rows.ticks[0]?.ts).toBe((second - 3_600_000) * 1000);
    }
  });

  test('a crossed quote is kept and marked', () => {
    const rows = noRows();
    normalise(line(tick('2026-06-23T12:00:00Z', { bid: 1.2 }), 'live'), context, rows);
    expect(rows.ticks[0]?.quality).toBe('crossed');
  });

  test('an unreadable time is set aside with its frame', () => {
    const rows = noRows();
    normalise(line(tick('yesterday'), null), context, rows);
    expect(rows.ticks).toEqual([]);
    expect(rows.rejected[0]).toMatchObject({
      kind: 'tick',
      ts_recv: RECV,
      reason: 'the time is missing, not a broker time, or none that anything is streamed at',
    });
  });
});

test('what states a time that nobody can mean is set aside, never a row of 1970', () => {
  const frames = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../testing/time-zero/frames.json'), 'utf8'),
  ) as WireMessage[];
  const bar = { open: 1, high: 1, low: 1, close: 1, time: '1970-01-01T00:00:00Z' };
  const all: WireMessage[] = [
    ...frames,
    { type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data: bar },
    { type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data: { ...bar, time: '2200-01-01T00:00:00Z' } },
    { type: 'tick', symbol: 'UK100', data: { bid: 1, ask: 1, time: '1970-01-20T03:21:12.648Z' } },
  ];
  const rows = noRows();
  for (const message of all) normalise(line(message, null), { ...context, replayed: true }, rows);
  expect(rows.rejected.map(({ kind }) => kind)).toEqual(['trade', 'bar', 'bar', 'tick']);
  expect([rows.trade_events, rows.bar_events, rows.ticks]).toEqual([[], [], []]);
});

describe('other frames', () => {
  test('a bar stands at its open; without an open time it is set aside', () => {
    const rows = noRows();
    const bar = { open: 1, high: 2, low: 0.5, close: 1.5 };
    const of = (data: object): WireMessage => ({
      type: 'bar',
      symbol: 'EURUSD',
      timeframe: 'M1',
      data: { ...bar, ...data },
    });
    normalise(line(of({ time: '2026-06-23T11:59:00Z', tickVolume: 7, spread: 12 })), context, rows);
    normalise(line(of({})), context, rows);
    expect(rows.bar_events).toMatchObject([
      { ts: Date.UTC(2026, 5, 23, 8, 59) * 1000, tick_volume: 7, real_volume: null, spread_points: 12 },
    ]);
    expect(rows.rejected).toHaveLength(1);
  });

  test('a trade keeps ids beyond 53 bits', () => {
    const rows = noRows();
    const trade = {
      deal: 9_007_199_254_740_993n,
      order: 10,
      position: 10,
      symbol: 'EURUSD',
      type: 'Buy',
      entry: 'In',
      volume: 0.1,
      price: 1,
      profit: 0,
      time: '2026-06-23T11:59:00.001Z',
    };
    normalise(
      { ...line({ type: 'unknown', wireType: null }), message: { type: 'trade', data: trade } },
      context,
      rows,
    );
    expect(rows.trade_events[0]).toMatchObject({
      deal_id: 9_007_199_254_740_993n,
      commission: null,
      degraded: null,
    });
  });

  const trade = { deal: 7, price: 1.1, volume: 0.1, time: '2026-06-23T11:59:00Z' };

  test('a balance deal has neither symbol nor volume nor price', () => {
    const rows = noRows();
    const data = { deal: 3, type: 'Balance', profit: -250.5, time: trade.time };
    normalise(line({ type: 'trade', data }), context, rows);
    expect(rows.trade_events).toMatchObject([
      { deal_id: 3, symbol: null, volume: null, price: null, profit: -250.5 },
    ]);
    expect(rows.rejected).toEqual([]);
  });

  test('fields that cannot be read or stored are null, and the frame is kept once, whatever their number', () => {
    const rows = noRows();
    const unreadable = [{ field: 'swap', value: {}, why: 'not a number' }];
    const data = { ...trade, magic: 2n ** 63n, comment: 'half \ud83d', unreadable };
    const message: WireMessage = { type: 'trade', data };
    normalise({ ...line({ type: 'unknown', wireType: null }), message }, context, rows);
    expect(rows.trade_events).toMatchObject([
      { deal_id: 7, magic: null, swap: null, comment: 'half \ufffd' },
    ]);
    expect(rows.rejected).toMatchObject([
      {
        kind: 'field',
        reason: 'swap: not a number; magic: not a number that a table can hold',
        ts_recv: RECV,
      },
    ]);
    const bar = { time: '2026-06-23T11:59:00Z', open: 1, high: 1, low: 1, close: 1, realVolume: 12.345 };
    normalise(line({ type: 'bar', symbol: 'BTC', timeframe: 'M1', data: bar }), context, rows);
    expect(rows.bar_events).toMatchObject([{ close: 1, real_volume: null }]);
    expect(rows.rejected[1]).toMatchObject({ kind: 'field', reason: 'realVolume: not a whole number' });
  });

  test('positions are judged one by one; a list of which nothing can be read is not an empty one', () => {
    const rows = noRows();
    const rejected = [{ index: 1, reason: 'ticket: missing' }];
    const data = [
      { ticket: 1, magic: 2n ** 64n - 1n, openTime: '1970-01-01T00:00:00Z' },
      { ticket: 2, openTime: '2026-06-23T11:59:00Z' },
    ];
    const message: WireMessage = { type: 'positions', data, rejected };
    normalise({ ...line({ type: 'unknown', wireType: null }), message }, context, rows);
    expect(rows.position_events).toMatchObject([
      { ticket: 1, magic: -1n, ts_open: null },
      { ticket: 2, ts_open: Date.UTC(2026, 5, 23, 8, 59) * 1000 },
    ]);
    expect(rows.rejected).toMatchObject([
      {
        kind: 'positions',
        reason: 'element 1: ticket: missing; 1: openTime: not a time that a table can hold',
      },
    ]);
    const none = noRows();
    normalise(line({ type: 'positions', data: [], rejected }), context, none);
    expect(none.position_events).toEqual([]);
  });

  test('an empty list of positions is a row that says so', () => {
    const rows = noRows();
    normalise(line({ type: 'positions', data: [] }), context, rows);
    expect(rows.position_events).toMatchObject([{ ticket: 0, kind: 'none', symbol: null }]);
  });

  test('unknown and undecodable frames are kept whole up to a mebibyte', () => {
    const rows = noRows();
    normalise(line({ type: 'unknown', wireType: 'news' }), context, rows);
    const huge = { ...line({ type: 'unknown', wireType: 'x' }), raw: 'x'.repeat(2_000_000) };
    normalise(huge, context, rows);
    expect(rows.rejected.map((row) => [row.kind, row.raw.length])).toEqual([
      ['unknown', 36],
      ['unknown', 1_048_576],
    ]);
  });

  test('control frames give no rows', () => {
    const rows = noRows();
    for (const type of ['subscribed', 'unsubscribed', 'error'] as const)
      normalise(line({ type, topic: 'prices', message: '' }), context, rows);
    normalise(line({ type: 'subscriptions', data: [], unreadable: 0 }), context, rows);
    normalise(line({ type: 'warning', dropped: 3 }), context, rows);
    normalise(line({ type: 'terminal', data: { connected: true, serverTime: '' } }), context, rows);
    expect(rows).toEqual(noRows());
  });
});
