import { describe, expect, test } from 'vitest';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import type { WireHistoryDeal, WireHistoryPosition } from '../tables/wire.ts';
import { historyDeals } from './history-deals.ts';
import { historyPositions } from './history-positions.ts';

const rule = parseClockRule('America/New_York+7h');
const o = { account: 'demo', rule, seenUs: 1_790_000_000_000_000 };
const BACK = Date.UTC(2026, 10, 1, 6);
const HOUR = 3_600_000;
const repeated = { fromUs: (BACK - HOUR) * 1000, toUs: (BACK + HOUR) * 1000 };

const deal = (time: string, more: Partial<WireHistoryDeal> = {}): WireHistoryDeal => ({
  ticket: 9,
  order: 10,
  position: 10,
  symbol: 'EURUSD',
  type: 'Buy',
  entry: 'In',
  volume: 0.1,
  price: 1.1,
  commission: -0.04,
  swap: 0,
  profit: 0,
  magic: 1_000_999,
  comment: 'CN',
  time,
  ...more,
});

describe('deals', () => {
  test('a deal becomes a row of the table', () => {
    expect(historyDeals([deal('2026-08-19T18:53:41.250Z')], o)).toEqual({
      rows: [
        {
          ts: Date.UTC(2026, 7, 19, 15, 53, 41, 250) * 1000,
          account: 'demo',
          deal_id: 9,
          order_id: 10,
          position_id: 10,
          symbol: 'EURUSD',
          type: 'Buy',
          entry: 'In',
          volume: 0.1,
          price: 1.1,
          commission: -0.04,
          swap: 0,
          profit: 0,
          magic: 1_000_999,
          comment: 'CN',
          utc_offset_s: 10_800,
          ts_seen: o.seenUs,
        },
      ],
      rejected: [],
      incomplete: [],
      ambiguous: [],
    });
  });

  test('no position and no order are null, a magic of zero is zero, a balance has no symbol', () => {
    const [row] = historyDeals(
      [
        deal('2026-08-19T18:53:41Z', {
          position: 0,
          order: 0n,
          symbol: '',
          magic: 0,
          entry: null,
          swap: undefined,
        }),
      ],
      o,
    ).rows;
    expect(row).toMatchObject({
      position_id: null,
      order_id: null,
      symbol: null,
      magic: 0,
      entry: null,
      swap: null,
    });
  });

  test('what has no time, no ticket or no number is rejected with the reason', () => {
    const wrong = [
      deal('2026-08-19', { ticket: 1 }),
      deal('2026-08-19T18:53:41Z', { ticket: 0 }),
      deal('2026-08-19T18:53:41Z', { ticket: 2, price: Number.NaN }),
      deal('1970-01-01T00:00:00Z', { ticket: 3 }),
    ];
    const got = historyDeals([...wrong, deal('2026-08-19T18:53:41Z')], o);
    expect(got.rows).toHaveLength(1);
    expect(got.rejected.map(({ raw }) => raw)).toEqual(wrong);
    expect(got.rejected.map(({ reason }) => reason)).toEqual([
      'the time is not a broker time',
      'the deal has no ticket',
      'price is not a finite number',
      'the time lies before 1971',
    ]);
  });

  test('a field that cannot be read or stored is null, and said so; the deal is there', () => {
    const unreadable = [{ field: 'swap', value: 'x', why: 'not a number' }];
    const wire = deal('2026-08-19T18:53:41Z', {
      order: 2n ** 63n,
      magic: 2n ** 63n,
      commission: Number.POSITIVE_INFINITY,
      comment: 'a\0b\ud83d',
      swap: null,
      unreadable,
    });
    const got = historyDeals([wire], o);
    const [row] = got.rows;
    expect(row).toMatchObject({ order_id: null, magic: null, commission: null, swap: null });
    expect(row?.comment).toBe('a\ufffdb\ufffd');
    expect(got.rejected).toEqual([]);
    const reason =
      'swap: not a number; order: not a number that a table can hold; commission: not a finite number; magic: not a number that a table can hold';
    expect(got.incomplete).toEqual([{ row, raw: wire, reason }]);
  });

  test('a magic is kept as its 64 bits', () => {
    const magics = [2n ** 64n - 1n, 2n ** 63n + 1n, 2n ** 63n - 1n, -1, 0, 2n ** 64n, -(2n ** 63n)];
    const { rows } = historyDeals(
      magics.map((magic, i) => deal('2026-08-19T18:53:41Z', { ticket: i + 1, magic })),
      o,
    );
    expect(rows.map(({ magic }) => magic)).toEqual([
      -1n,
      -(2n ** 63n) + 1n,
      2n ** 63n - 1n,
      -1,
      0,
      null,
      null,
    ]);
  });

  test('each deal once, in order of time, the last of two; identifiers beyond 2^53 stay apart', () => {
    const huge = 2n ** 53n + 1n;
    const got = historyDeals(
      [
        deal('2026-08-19T18:00:02Z', { ticket: huge }),
        deal('2026-08-19T18:00:01Z', { ticket: huge + 1n }),
        deal('2026-08-19T18:00:03Z', { ticket: huge, profit: 5 }),
      ],
      o,
    );
    expect(got.rows.map((row) => [row.deal_id, row.profit])).toEqual([
      [huge + 1n, 0],
      [huge, 5],
    ]);
  });

  test('a deal in the repeated hour is no row unless the answer shows its fold', () => {
    const inside = deal('2026-11-01T08:30:00Z', { ticket: 2 });
    const got = historyDeals([deal('2026-11-01T07:00:00Z'), inside], o);
    expect(got).toMatchObject({ rows: [{ deal_id: 9 }], rejected: [], ambiguous: [repeated] });
    const all = historyDeals(
      [
        deal('2026-11-01T07:00:00Z', { ticket: 1 }),
        deal('2026-11-01T08:50:00Z', { ticket: 2 }),
        deal('2026-11-01T08:10:00Z', { ticket: 3 }),
        deal('2026-11-01T09:00:00Z', { ticket: 4 }),
      ],
      o,
    );
    expect(all.rows.map((row) => row.ts / 1000 - BACK)).toEqual([-2 * HOUR, -10 * 60_000, 10 * 60_000, HOUR]);
  });
});

const position = (
  openTime: string,
  closeTime: string,
  more: Partial<WireHistoryPosition> = {},
): WireHistoryPosition => ({
  positionId: 10,
  symbol: 'EURUSD',
  type: 'Buy',
  volume: 0.1,
  openTime,
  openPrice: 1.1,
  closeTime,
  closePrice: 1.2,
  profit: 10,
  swap: -1,
  commission: -0.08,
  netProfit: 8.92,
  magic: 7,
  comment: '',
  ...more,
});

describe('closed positions', () => {
  test('a round trip becomes a row at its opening', () => {
    const got = historyPositions([position('2026-03-06T10:00:00Z', '2026-03-09T10:00:00.5Z')], o);
    expect(got.rows).toEqual([
      {
        ts: Date.UTC(2026, 2, 6, 8) * 1000,
        account: 'demo',
        position_id: 10,
        ts_close: Date.UTC(2026, 2, 9, 7, 0, 0, 500) * 1000,
        symbol: 'EURUSD',
        type: 'Buy',
        volume: 0.1,
        price_open: 1.1,
        price_close: 1.2,
        profit: 10,
        swap: -1,
        commission: -0.08,
        net_profit: 8.92,
        magic: 7,
        comment: '',
        utc_offset_s: 7200,
        ts_seen: o.seenUs,
      },
    ]);
  });

  test('a position that was closed in parts is one round trip, whatever the order of its parts', () => {
    const open = '2026-03-06T10:00:00Z';
    const part = (closeTime: string, more: object) => position(open, closeTime, more);
    const first = part('2026-03-09T10:00:00Z', {
      volume: 0.3,
      closePrice: 1.2,
      profit: 0.1,
      swap: -0.1,
      commission: -0.03,
      netProfit: -0.03,
    });
    const last = part('2026-03-10T10:00:00Z', {
      volume: 0.1,
      closePrice: 1.4,
      profit: 0.2,
      swap: -0.2,
      commission: -0.01,
      netProfit: -0.01,
    });
    const whole = {
      position_id: 10,
      ts_close: Date.UTC(2026, 2, 10, 7) * 1000,
      volume: 0.4,
      price_close: 1.25,
      profit: 0.3,
      swap: -0.3,
      commission: -0.04,
      net_profit: -0.04,
    };
    for (const answer of [
      [first, last],
      [last, first],
      // The same row twice is no part.
      [first, last, { ...last }],
    ])
      expect(historyPositions(answer, o).rows).toMatchObject([whole]);
    const unknown = historyPositions([first, { ...last, volume: null }], o).rows;
    expect(unknown).toMatchObject([{ volume: null, price_close: 1.4, profit: 0.3 }]);
  });

  test('both ends must be readable', () => {
    const wrong = [
      position('', '2026-03-09T10:00:00Z'),
      position('2026-03-06T10:00:00Z', 'soon'),
      position('2026-03-06T10:00:00Z', '2026-03-09T10:00:00Z', { positionId: 0 }),
    ];
    const got = historyPositions(wrong, o);
    expect(got.rows).toEqual([]);
    expect(got.rejected.map(({ reason }) => reason)).toEqual([
      'the opening time is not a broker time',
      'the closing time is not a broker time',
      'the position has no identifier',
    ]);
  });

  test('an opening in the repeated hour is told by a closing before the second fold of it, else the closing is ambiguous', () => {
    const known = historyPositions(
      [
        position('2026-11-01T08:30:00Z', '2026-11-01T08:50:00Z', { positionId: 1 }),
        position('2026-11-01T07:00:00Z', '2026-11-01T07:30:00Z', { positionId: 2 }),
        position('2026-11-01T08:40:00Z', '2026-11-01T09:30:00Z', { positionId: 3 }),
      ].toSorted((a, b) => a.closeTime.localeCompare(b.closeTime)),
      o,
    );
    expect(known.rows.map((row) => row.position_id)).toEqual([2]);
    const closing = (BACK + 1.5 * HOUR) * 1000;
    expect(known.ambiguous).toEqual([repeated, { fromUs: closing, toUs: closing + 1000 }]);
    const told = historyPositions(
      [
        position('2026-11-01T07:00:00Z', '2026-11-01T07:10:00Z', { positionId: 1 }),
        position('2026-11-01T08:30:00Z', '2026-11-01T08:58:00Z', { positionId: 2 }),
        position('2026-11-01T08:10:00Z', '2026-11-01T08:05:00Z', { positionId: 3 }),
        position('2026-11-01T07:10:00Z', '2026-11-01T09:10:00Z', { positionId: 4 }),
      ],
      o,
    );
    expect(
      Object.entries(
        Object.fromEntries(told.rows.map((row) => [Number(row.position_id), row.ts / 1000 - BACK])),
      ),
    ).toEqual([
      ['1', -2 * HOUR],
      ['2', -HOUR / 2],
      ['3', (-50 / 60) * HOUR],
      ['4', -HOUR - 50 * 60_000],
    ]);
  });
});
