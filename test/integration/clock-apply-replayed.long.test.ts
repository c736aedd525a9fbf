// A gateway that plays an old day: its rows are received today, so that the hour which its broker's clock repeats shows its folds by the one
// step back of that clock alone. Rows were written with a wrong rule, and are corrected on a real QuestDB.
import {
  type BrokerMs,
  brokerSpans,
  type ClockRule,
  isRepeated,
  parseClockRule,
  type RowInput,
  utcMs,
} from '@fxtape/market';
import { asObjects } from '@fxtape/questdb';
import { expect, test } from 'vitest';
import { clock, http, SERVER, settled, write } from './clock-apply-rig.ts';
import { correctTo } from './clock-apply-runs.ts';

const HOUR = 3_600_000;
const STEP_MS = 30_000;
const LIVE = ['ticks', 'bar_events', 'trade_events'] as const;

interface Instant {
  readonly utc: number;
  readonly broker: BrokerMs;
  readonly recvUs: number;
}

/** Where the broker's clock is set back: the hour on that clock, and the instant. */
const setBack = (rule: ClockRule) => {
  const [hour] = brokerSpans(rule, Date.UTC(2026, 8, 1), Date.UTC(2026, 11, 1)).filter(isRepeated);
  if (hour === undefined) throw new Error(`${rule.id} repeats no hour`);
  return { ...hour, utc: hour.toMs - hour.firstS * 1000 };
};

/** What was received today of these instants, in order. */
const received = (rule: ClockRule, instants: readonly number[]): Instant[] => {
  const todayUs = clock.nowUs() - 3_600_000_000;
  return instants.map((utc, i) => ({ utc, broker: rule.toBroker(utcMs(utc)), recvUs: todayUs + i * 1000 }));
};

const every = (fromUtc: number, toUtc: number): number[] =>
  Array.from({ length: Math.ceil((toUtc - fromUtc) / STEP_MS) }, (_, i) => fromUtc + i * STEP_MS);

/** Each instant is a tick, a bar, a trade and a position, read with the wrong rule. */
async function recordLive(wrong: ClockRule, instants: readonly Instant[]): Promise<void> {
  await write('accounts', [
    {
      ts: clock.nowUs() - 7_200_000_000,
      account: 'icm',
      account_id: 'x',
      login: 1,
      server: SERVER,
      currency: 'USD',
      feed: 'f',
    },
  ]);
  const rows = instants.map(({ broker, recvUs }, i) => {
    const read = wrong.read(broker, { fold: 1 });
    return { i, recvUs, ts: read.ms * 1000, utc_offset_s: read.offsetS };
  });
  const tick = { feed: 'f', symbol: 'EURUSD' };
  await write(
    'ticks',
    rows.map(({ i, recvUs, ...time }) => ({
      ...time,
      ...tick,
      ts_recv: recvUs,
      bid: i,
      ask: i + 1,
      source: 'live',
      quality: null,
    })),
  );
  await write(
    'bar_events',
    rows.map(({ i, recvUs, ...time }) => {
      const bar = { ...time, ...tick, timeframe: 'M1', ts_recv: recvUs, close: i };
      return bar as RowInput<'bar_events'>;
    }),
  );
  await write(
    'trade_events',
    rows.map(({ i, recvUs, ...time }) => {
      const trade = { ...time, account: 'icm', ts_recv: recvUs, deal_id: i, degraded: false };
      return trade as RowInput<'trade_events'>;
    }),
  );
  await write(
    'position_events',
    rows.map(({ i, recvUs, ts, utc_offset_s }) => {
      const position = { ts: recvUs, account: 'icm', ticket: i, ts_open: ts, utc_offset_s };
      return position as RowInput<'position_events'>;
    }),
  );
  const [first, last] = [rows[0]?.ts ?? 0, rows.at(-1)?.ts ?? 0];
  const claim = { account: 'icm', feed: 'f', symbol: null, timeframe: null, range_id: 'live' };
  await write('coverage', [
    { ...claim, stream: 'ticks', ts: first, ts_to: last, source: 'live', rows: 1, rule_id: wrong.id },
  ]);
  await settled(...LIVE, 'position_events', 'coverage', 'accounts');
}

/** Time and offset of each row in the order of receipt. */
const times = async (table: string, received: string, time = 'ts'): Promise<[number, number][]> =>
  (
    await http.exec(`SELECT cast(${time} as long), utc_offset_s FROM ${table} ORDER BY ${received}`)
  ).dataset.map(([us, offset]) => [Number(us) / 1000, Number(offset)]);

const truth = (right: ClockRule, instants: readonly Instant[]): [number, number][] =>
  instants.map(({ utc }) => [utc, right.offsetAt(utc)]);

test.each([
  ['UTC+2h', 'Europe/Athens'],
  ['UTC+9h', 'America/New_York+7h'],
  ['Europe/Athens', 'America/New_York+7h'],
  ['America/New_York+7h', 'Europe/Athens'],
])('from %s to %s: each row is of the fold that the step back shows', async (from, to) => {
  const [wrong, right] = [parseClockRule(from), parseClockRule(to)];
  const { utc } = setBack(right);
  const instants = received(right, every(utc - 2 * HOUR, utc + 2 * HOUR));
  await recordLive(wrong, instants);
  await correctTo(right, true);
  const expected = truth(right, instants);
  for (const table of LIVE) expect(await times(table, 'ts_recv'), table).toEqual(expected);
  expect(await times('position_events', 'ts', 'ts_open')).toEqual(expected);
  expect((await http.exec('SELECT gap_id FROM gaps')).dataset).toEqual([]);
});

test.each([
  // Of the hour only the second fold was received: the clock was never seen to step back.
  ['no step back', (utc: number) => [...every(utc - 3 * HOUR, utc - HOUR), ...every(utc, utc + 2 * HOUR)]],
  // The day was played twice: two steps, and nothing tells which rows are of which.
  [
    'two steps back',
    (utc: number) => [...every(utc - 2 * HOUR, utc + 2 * HOUR), ...every(utc - 2 * HOUR, utc + 2 * HOUR)],
  ],
] as const)(
  '%s: the rows of the hour are left out and lie in a gap, all others are right',
  async (_, played) => {
    const [wrong, right] = [parseClockRule('UTC+2h'), parseClockRule('Europe/Athens')];
    const hour = setBack(right);
    const instants = received(right, played(hour.utc));
    await recordLive(wrong, instants);
    await correctTo(right, true);
    const outside = instants.filter(({ broker }) => broker < hour.fromMs || broker >= hour.toMs);
    expect(outside.length).toBeLessThan(instants.length);
    for (const table of LIVE) expect(await times(table, 'ts_recv'), table).toEqual(truth(right, outside));
    // When it was received is a position's own time: it stays, and its opening is taken for one of the first fold.
    expect(await times('position_events', 'ts', 'ts_open')).toEqual(
      instants.map(({ broker, utc }) => {
        const inside = broker >= hour.fromMs && broker < hour.toMs;
        return inside ? [broker - hour.firstS * 1000, hour.firstS] : [utc, right.offsetAt(utc)];
      }),
    );
    const gaps = asObjects(
      await http.exec(
        'SELECT DISTINCT stream, cause, state, cast(ts_from as long) a, cast(ts_to as long) b FROM gaps ORDER BY stream',
      ),
    );
    const [a, b] = [(hour.utc - HOUR) * 1000, (hour.utc + HOUR) * 1000].map(String);
    expect(gaps.map((gap) => ({ ...gap, a: String(gap['a']), b: String(gap['b']) }))).toEqual(
      ['bars', 'deals', 'ticks'].map((stream) => ({ stream, cause: 'refused', state: 'open', a, b })),
    );
  },
);
