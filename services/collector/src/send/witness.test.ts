// What a database is known again by: the newest row that it took, of whatever the account has.
import { noRows, type Rows } from '@fxtape/market';
import { expect, test } from 'vitest';
import { newer, witnessOf } from './witness.ts';

const NONE = new Set();
const tick = { ts: 990, ts_recv: 1000, feed: 'icm' };
const state = { ts: 1005, account: 'demo' };
const positions = { ts: 1010, account: 'demo' };
const claim = { ts: 1003, account: 'demo', range_id: 'demo-a' };
const rows = (some: object): Rows => ({ ...noRows(), ...some });

test.each([
  ['a tick under its feed', { ticks: [tick] }, { table: 'ticks', is: { feed: 'icm', ts_recv: 1000 } }],
  [
    'the account’s own state, when it is newer',
    { ticks: [tick], account_events: [state] },
    { table: 'account_events', is: { account: 'demo', ts: 1005 } },
  ],
  [
    'its positions',
    { account_events: [state], position_events: [positions] },
    { table: 'position_events', is: { account: 'demo', ts: 1010 } },
  ],
  [
    'coverage, where nothing else comes',
    { coverage: [claim] },
    { table: 'coverage', ts: 1003, is: { account: 'demo', range_id: 'demo-a' } },
  ],
  ['coverage that began after the last tick', { ticks: [tick], coverage: [claim] }, { table: 'coverage' }],
])('%s', (_what, some, is) => {
  expect(witnessOf(rows(some), NONE)).toMatchObject(is);
});

test('what was condemned is none, and nothing is none', () => {
  expect(witnessOf(rows({ ticks: [tick, { ...tick, ts_recv: 1001 }] }), NONE)?.atUs).toBe(1001);
  const second = { ...tick, ts_recv: 1001 };
  expect(witnessOf(rows({ ticks: [tick, second] }), new Set([second]))?.atUs).toBe(1000);
  expect(witnessOf(rows({ ticks: [second] }), new Set([second]))).toBeNull();
  expect(newer(null, witnessOf(noRows(), NONE))).toBeNull();
});
