// Gaps of all shapes: which of them touch a selection, now and as of a time, and gaps as a dataset of their own.
import type { Selection } from '@fxtape/datasets';
import type { RowInput } from '@fxtape/market/tables';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';
import { chance, DatasetRig, selection, shuffled } from './dataset-rig.ts';

type Event = RowInput<'gap_events'> & { readonly ts_from: number };

const DAY = 86_400e6;
const FROM = Date.UTC(2024, 1, 28) * 1000;
const TO = FROM + 4 * DAY;
const FEED = 'gaps feed';
const ACCOUNT = 'gaps account';

let nth = 0;
const event = (gap_id: string, ts_from: number, ts_to: number | null, more: Partial<Event> = {}): Event => ({
  ts: FROM + 60 * DAY + nth++,
  gap_id,
  writer: 'collector',
  outage_id: 'o',
  account: ACCOUNT,
  feed: FEED,
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
  event: ts_to === null ? 'opened' : 'ended',
  ts_from,
  ts_to,
  cause: 'disconnect',
  state: 'open',
  rows_healed: null,
  missing_estimate: 3,
  evidence: '{"é": "x"}',
  ...more,
});

const H = 3600e6;
const events: Event[] = [
  event('before', FROM - 9 * H, FROM),
  event('after', TO, TO + H),
  event('over the start', FROM - H, FROM + 1),
  event('over the end', TO - 1, TO + H),
  event('around', FROM - DAY, TO + DAY),
  event('inside', FROM + H, FROM + 2 * H),
  event('without end', FROM + 3 * H, null),
  event('since long ago', FROM - 300 * DAY, null),
  event('not yet', TO + 1, null),
  event('moment', FROM + 5 * H, FROM + 5 * H),
  event('moment at the start', FROM, FROM),
  event('moment at the end', TO, TO),
  event('all symbols', FROM + 6 * H, FROM + 7 * H, { symbol: null }),
  event('other symbol', FROM + 6 * H, FROM + 7 * H, { symbol: 'X/Y' }),
  event('other feed', FROM + 6 * H, FROM + 7 * H, { feed: 'gaps other' }),
  event('bars', FROM + 6 * H, FROM + 7 * H, { stream: 'bars', timeframe: 'M1' }),
  event('bars of all', FROM + 6 * H, FROM + 7 * H, { stream: 'bars', symbol: null }),
  event('bars H1', FROM + 6 * H, FROM + 7 * H, { stream: 'bars', timeframe: 'H1' }),
  event('deals', FROM + 6 * H, FROM + 7 * H, { stream: 'deals', feed: null, symbol: null }),
  event('account', FROM + 6 * H, FROM + 7 * H, { stream: 'account', feed: null, symbol: null }),
  event('other account', FROM + 8 * H, FROM + 9 * H, {
    stream: 'deals',
    feed: null,
    symbol: null,
    account: 'gaps stranger',
  }),
];
/** Told in three steps: opened, found to begin earlier, ended, then healed. */
const told = [
  event('told', TO + 8 * H, null),
  event('told', FROM + 10 * H, null),
  event('told', FROM + 10 * H, FROM + 11 * H),
  event('told', FROM + 10 * H, FROM + 11 * H, {
    writer: 'backfill',
    event: 'state',
    state: 'healed',
    rows_healed: 12,
  }),
];

let rig: DatasetRig;
beforeAll(async () => {
  rig = await DatasetRig.open(ownQuestDb().conf);
  await rig.write('gap_events', ...shuffled([...events, ...told], chance(11), 6));
});
afterAll(() => rig?.close());

const of = (kind: Selection['kind'], more: Partial<Selection> = {}): Selection =>
  selection({ kind, fromUs: FROM, toUs: TO, ...more });
const ids = async (chosen: Selection) => (await rig.source.gaps(chosen)).map(({ gapId }) => gapId).toSorted();

describe('gaps that touch', () => {
  const touching = [
    'all symbols',
    'around',
    'inside',
    'moment',
    'moment at the start',
    'over the end',
    'over the start',
    'since long ago',
    'told',
    'without end',
  ];

  test('ticks of a symbol', async () => {
    expect(await ids(of('ticks', { feeds: [FEED], symbols: ['EUR*'] }))).toEqual(touching);
    expect(await ids(of('ticks', { feeds: [FEED] }))).toEqual([...touching, 'other symbol'].toSorted());
    expect(await ids(of('ticks', { feeds: ['gaps other'] }))).toEqual(['other feed']);
  });

  test('bars, deals, the account; nothing of gaps and verdicts', async () => {
    expect(await ids(of('bars', { feeds: [FEED], symbols: ['EURUSD'], timeframes: ['M1'] }))).toEqual([
      'bars',
      'bars of all',
    ]);
    expect(await ids(of('bars', { feeds: [FEED] }))).toEqual(['bars', 'bars H1', 'bars of all']);
    expect(await ids(of('deals', { accounts: [ACCOUNT] }))).toEqual(['deals']);
    expect(await ids(of('deals', { accounts: ['gaps*'] }))).toEqual(['deals', 'other account']);
    expect(await ids(of('account_events', { accounts: [ACCOUNT] }))).toEqual(['account']);
    expect(await ids(of('positions', { accounts: [ACCOUNT] }))).toEqual([]);
    expect(await ids(of('gaps'))).toEqual([]);
    expect(await ids(of('daily_quality', { feeds: [FEED] }))).toEqual([]);
  });

  test.each([
    ['opened, later than it turned out', 0, null],
    ['found to begin earlier', 1, { fromUs: FROM + 10 * H, toUs: null, state: 'open', rowsHealed: null }],
    ['ended', 2, { fromUs: FROM + 10 * H, toUs: FROM + 11 * H, state: 'open', rowsHealed: null }],
    ['healed', 3, { fromUs: FROM + 10 * H, toUs: FROM + 11 * H, state: 'healed', rowsHealed: 12 }],
  ] as const)('as of the moment when one was %s', async (_, step, expected) => {
    const asOfUs = told[step]?.ts as number;
    const found = await rig.source.gaps(of('ticks', { feeds: [FEED], asOfUs }));
    const one = found.find(({ gapId }) => gapId === 'told');
    if (expected === null) expect(one).toBeUndefined();
    else expect(one).toMatchObject({ ...expected, updatedUs: asOfUs, feed: FEED, symbol: 'EURUSD' });
    const before = await rig.source.gaps(
      of('ticks', { feeds: [FEED], asOfUs: (events[0]?.ts as number) - 1 }),
    );
    expect(before).toEqual([]);
  });
});

describe('gaps as a dataset', () => {
  const newest = (asOfUs: number): Event[] => {
    const known = new Map<string, Event>();
    for (const row of [...events, ...told]) if (row.ts <= asOfUs) known.set(row.gap_id, row);
    return [...known.values()]
      .filter((row) => row.account === ACCOUNT && row.ts_from >= FROM && row.ts_from < TO)
      .toSorted((a, b) => a.ts_from - b.ts_from || (a.gap_id < b.gap_id ? -1 : 1));
  };

  test.each([
    ['now', null],
    ['then', 1],
  ] as const)('%s: by start and id', async (_, step) => {
    const asOfUs = step === null ? null : (told[step]?.ts as number);
    const chosen = of('gaps', { accounts: [ACCOUNT], asOfUs, reception: true });
    const slice = { selection: chosen, series: { account: ACCOUNT }, fromUs: FROM, toUs: TO };
    const expected = newest(asOfUs ?? Number.POSITIVE_INFINITY);
    const file = await rig.read(slice);
    expect(file.rows).toEqual(
      expected.map(({ account: _a, event: _e, ts, writer: _w, ...row }) => ({ ...row, ts_updated: ts })),
    );
    expect(Object.keys(file.types)[0]).toBe('ts_from');
    expect(await rig.source.extent(slice)).toEqual({
      rows: expected.length,
      firstUs: expected[0]?.ts_from,
      lastUs: expected.at(-1)?.ts_from,
      stampUs: Math.max(...expected.map(({ ts }) => ts)),
    });
    const days = await rig.source.days(chosen);
    expect(days.reduce((sum, { rows }) => sum + rows, 0)).toBe(expected.length);
  });

  test('of one symbol: those of all symbols too', async () => {
    const chosen = of('gaps', { accounts: [ACCOUNT], symbols: ['X/Y'] });
    const slice = { selection: chosen, series: { account: ACCOUNT }, fromUs: FROM, toUs: TO };
    const file = await rig.read(slice);
    expect(file.rows.map((row) => String(row['gap_id'])).toSorted()).toEqual(
      ['account', 'all symbols', 'bars of all', 'deals', 'other symbol'].toSorted(),
    );
  });

  test('the oldest day is that of the oldest start', async () => {
    expect(await rig.source.oldestUs('gaps')).toBeLessThanOrEqual(FROM - 300 * DAY);
  });
});
