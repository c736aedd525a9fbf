import { emptyLedger, gapEventRow, Ledger, type LedgerNotes, Rulings } from '@fxtape/market';
import { describe, expect, test } from 'vitest';
import { Condemned, condemnedNote } from './condemned.ts';

const RECV = Date.UTC(2026, 5, 23, 9) * 1000;
const tick = { ts: RECV - 1000, feed: 'icm', symbol: 'EURUSD', ts_recv: RECV, bid: Number.NaN, ask: 1 };

describe('what a refused row says', () => {
  test('its moment lacks it, in its own stream', () => {
    expect(condemnedNote('ticks', tick, 'bid is not a finite number')).toMatchObject({
      key: { stream: 'ticks', symbol: 'EURUSD', timeframe: null },
      feed: 'icm',
      of: RECV,
      fromUs: RECV - 1000,
      toUs: RECV - 999,
    });
    // Trades are one stream, whatever their symbol.
    const trade = { ts: RECV, account: 'demo', ts_recv: RECV, deal_id: 7n, symbol: 'EURUSD' };
    expect(condemnedNote('trade_events', trade, '').key).toEqual({
      stream: 'deals',
      symbol: null,
      timeframe: null,
    });
  });

  test('its gap is one of its own feed, whatever is recorded when it is refused', () => {
    const notes: LedgerNotes = { gaps: [], coverage: [] };
    const line = { tsRecv: RECV + 9, conn: 0, mark: null, event: 'condemned' };
    const ledger = new Ledger('demo', { ...emptyLedger(), feed: 'other' });
    const trade = { ts: RECV, account: 'demo', ts_recv: RECV, deal_id: 7n, symbol: 'EURUSD' };
    for (const [table, row] of [
      ['ticks', tick],
      ['trade_events', trade],
    ] as const)
      ledger.apply({ ...line, data: condemnedNote(table, row, '') }, null, notes);
    const context = { account: 'demo', feed: 'other', spans: [], rulings: new Rulings() };
    expect(notes.gaps.map((note) => gapEventRow(note, context).feed)).toEqual(['icm', null]);
  });

  test('without a time that can be meant, the time of its receipt lacks it', () => {
    for (const ts of [0, -1, Number.NaN, undefined, Date.UTC(2300, 0, 1) * 1000, 2 ** 80]) {
      const note = condemnedNote('ticks', { ...tick, ts }, '');
      expect([note.fromUs, note.toUs]).toEqual([RECV - 2_000_000, RECV + 1]);
    }
  });
});

test('a row is known again after a restart, and so are other rows of its line told apart', () => {
  const positions = [5_000_000_001, 5_000_000_002].map((ticket) =>
    condemnedNote('position_events', { ts: RECV, account: 'demo', ticket, kind: 'Position' }, 'swap'),
  );
  const condemned = new Condemned();
  for (const row of positions.slice(0, 1)) condemned.add(row);
  const restored = new Condemned(JSON.parse(JSON.stringify(condemned.save())) as string[]);
  expect(positions.map((row) => restored.has(row))).toEqual([true, false]);
});

test('a stream of refused rows does not grow the head without end', () => {
  const condemned = new Condemned();
  for (let i = 0; i < 3000; i++) condemned.add(condemnedNote('ticks', { ...tick, ts_recv: RECV + i }, ''));
  expect(condemned.save().length).toBe(1000);
  expect(condemned.has(condemnedNote('ticks', { ...tick, ts_recv: RECV + 2999 }, ''))).toBe(true);
});
