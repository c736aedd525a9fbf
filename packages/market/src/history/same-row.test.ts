import { expect, test } from 'vitest';
import { sameBar, sameDeal, samePosition, sameSpec } from './same-row.ts';
import { symbolSpecRow } from './symbol-spec.ts';

const bar = {
  open: 1,
  high: 2,
  low: 0.5,
  close: 1,
  tick_volume: 4,
  real_volume: null,
  spread_points: 0,
  utc_offset_s: 7200,
};

test('a bar is the same whenever it was seen, and however the database spells it', () => {
  expect(sameBar({ ...bar, ts_seen: 1 }, { ...bar, ts_seen: 2 })).toBe(true);
  expect(sameBar(bar, { ...bar, tick_volume: 4n, spread_points: -0 })).toBe(true);
  const { real_volume: _, ...without } = bar;
  expect(sameBar(bar, without)).toBe(true);
  expect(sameBar({ ...bar, real_volume: Number.NaN }, bar)).toBe(true);
});

test('null is a value, and every value counts', () => {
  expect(sameBar(bar, { ...bar, real_volume: 0 })).toBe(false);
  for (const column of Object.keys(bar) as (keyof typeof bar)[])
    expect(sameBar(bar, { ...bar, [column]: 77 }), column).toBe(false);
});

test('identifiers are compared exactly', () => {
  const huge = 2n ** 60n;
  const deal = { order_id: huge, position_id: 10, symbol: 'EURUSD', comment: null, profit: 1 };
  expect(sameDeal(deal, { ...deal, position_id: 10n, comment: '' })).toBe(true);
  expect(sameDeal(deal, { ...deal, order_id: huge + 1n })).toBe(false);
  expect(sameDeal({ order_id: 2 ** 60 }, { order_id: huge + 1n })).toBe(false);
  expect(sameDeal(deal, { ...deal, ts: 5, ts_seen: 6 })).toBe(true);
  expect(samePosition({ ts_close: 1, net_profit: 2 }, { ts_close: 1, net_profit: 3 })).toBe(false);
  expect(samePosition({ ts_close: 1 }, { ts_close: 2 })).toBe(false);
});

test('a specification is the same until something static changes, in whatever order its sessions come', () => {
  const info = {
    symbol: 'EURUSD',
    digits: 5,
    point: 0.00001,
    contractSize: 100_000,
    stopsLevel: 0,
    freezeLevel: 1.5,
    tradeMode: 'Full',
    sessions: [
      { day: 'TUESDAY', from: '00:00', to: '24:00' },
      { day: 'MONDAY', from: '12:00', to: '24:00' },
      { day: 'MONDAY', from: '00:05', to: '11:55' },
    ],
  };
  const row = symbolSpecRow(info, { feed: 'icm', seenUs: 5 });
  expect(row).toMatchObject({
    ts: 5,
    feed: 'icm',
    symbol: 'EURUSD',
    stops_level: 0,
    freeze_level: null,
    swap_long: null,
  });
  expect(JSON.parse(row.sessions ?? '')).toEqual([info.sessions[2], info.sessions[1], info.sessions[0]]);
  const again = symbolSpecRow({ ...info, sessions: info.sessions.toReversed() }, { feed: 'icm', seenUs: 9 });
  expect(sameSpec(row, again)).toBe(true);
  expect(sameSpec(row, { ...again, digits: 3 })).toBe(false);
  expect(sameSpec(row, symbolSpecRow({ ...info, sessions: undefined }, { feed: 'icm', seenUs: 9 }))).toBe(
    false,
  );
});
