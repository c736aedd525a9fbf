// Frames with a part that cannot be read: what can be is.
import { expect, test } from 'vitest';
import { decodeFrame } from './codec.ts';

const read = (frame: object) => decodeFrame(JSON.stringify(frame));

test('positions are judged one by one', () => {
  const good = { ticket: 1, symbol: 'EURUSD', type: 'Buy', lots: 0.1, openPrice: 1.1, openTime: 't' };
  const data = [good, { ...good, ticket: 'x' }, 5, { ...good, ticket: 2, lots: '0.1' }];
  expect(read({ type: 'positions', data })).toMatchObject({
    type: 'positions',
    data: [good, { ticket: 2, lots: null, unreadable: [{ field: 'lots', value: '0.1' }] }],
    rejected: [{ index: 1 }, { index: 2 }],
  });
  expect(read({ type: 'positions', data: [good] })).toEqual({ type: 'positions', data: [good] });
  expect(read({ type: 'positions', data: {} })).toMatchObject({ type: 'undecodable', wireType: 'positions' });
});

test('of a trade only number, time and price must be readable', () => {
  const time = '2026-06-23T11:59:00Z';
  expect(read({ type: 'trade', data: { deal: 1, time, type: 'Balance', profit: 5 } })).toMatchObject({
    type: 'trade',
    data: { deal: 1, profit: 5 },
  });
  expect(read({ type: 'trade', data: { deal: 1, time, price: 1.1, magic: 1.5 } })).toMatchObject({
    data: { magic: null, unreadable: [{ field: 'magic', value: 1.5 }] },
  });
  expect(read({ type: 'trade', data: { deal: 1, time, price: 'x' } })).toMatchObject({ type: 'undecodable' });
  expect(read({ type: 'trade', data: { time, price: 1.1 } })).toMatchObject({ type: 'undecodable' });
});

test('a tick with an unreadable volume is a tick, a bar with an unreadable volume a bar', () => {
  const tick = { bid: 1, ask: 2, time: '2026-06-23T11:59:00Z', volume: '7' };
  expect(read({ type: 'tick', symbol: 'EURUSD', data: tick })).toMatchObject({
    type: 'tick',
    data: { bid: 1, volume: null },
  });
  const bar = { open: 1, high: 1, low: 1, close: 1, time: '2026-06-23T11:59:00Z', realVolume: [] };
  expect(read({ type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data: bar })).toMatchObject({
    type: 'bar',
    data: { close: 1, realVolume: null },
  });
});

test('a list of subscriptions is read row by row', () => {
  const data = [{ topic: 'account' }, 7, { topic: 'prices', symbol: 'EURUSD' }];
  expect(read({ type: 'subscriptions', data })).toMatchObject({
    data: [{ topic: 'account' }, { topic: 'prices', symbol: 'EURUSD' }],
    unreadable: 1,
  });
});
