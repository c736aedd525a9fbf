// Two recorders of the same market and the same trades, held against each other table by table. In: a recording with both, the names of the two
// (of account and feed alike), the stretch in which both recorded. Out: what differs in the columns that do not depend on who received when.
import {
  intersect,
  type Kind,
  type Range,
  STREAMED,
  type StreamKind,
  subtract,
  type TableName,
  unite,
} from '@fxtape/market';
import type { Recording } from '@fxtape/testkit';

export interface Pair {
  readonly recording: Recording;
  readonly late: string;
  readonly early: string;
  /** First instant of the market: what is before is history alone. */
  readonly startUs: number;
}

interface Compared {
  readonly columns: string;
  readonly by: 'feed' | 'account';
  /** The times that have to lie in the stretch, and what a row lasts. */
  readonly time: string;
  readonly lastsUs?: number;
  /** `live`: outside all outages. `past`: from before the market's start. `both`: all up to the end of the stretch, outages too. */
  readonly within: 'live' | 'past' | 'both' | 'any';
  /** Rows may repeat what they tell. */
  readonly distinct?: boolean;
  /** So many rows at least, or the comparison says nothing. */
  readonly least: number;
}

const BAR = 'ts, symbol, timeframe, open, high, low, close, tick_volume, real_volume, spread_points';
const DEAL =
  'ts, deal_id, order_id, position_id, symbol, type, entry, volume, price, commission, swap, profit, magic, comment, utc_offset_s';
const POSITION =
  'ts, position_id, ts_close, symbol, type, volume, price_open, price_close, profit, swap, commission, net_profit, magic, comment, utc_offset_s';
const account = { by: 'account', time: 'ts' } as const;
const feed = { by: 'feed', time: 'ts' } as const;

const COMPARED = {
  ticks: {
    ...feed,
    within: 'live',
    columns: 'ts, symbol, bid, ask, last, volume, utc_offset_s, quality',
    least: 2000,
  },
  bar_events: { ...feed, within: 'live', lastsUs: 61_000_000, columns: `${BAR}, utc_offset_s`, least: 3 },
  trade_events: { ...account, within: 'live', columns: `${DEAL}, degraded`, least: 10 },
  position_events: {
    by: 'account',
    time: 'ts_open',
    within: 'live',
    distinct: true,
    columns: 'ts_open, ticket, symbol, type, kind, volume, price_open, magic, comment, utc_offset_s',
    least: 5,
  },
  bars: { ...feed, within: 'past', columns: `${BAR}, utc_offset_s`, least: 5000 },
  bar_revisions: { ...feed, within: 'past', columns: `${BAR}, utc_offset_s`, least: 5000 },
  deals: { ...account, within: 'both', columns: DEAL, least: 200 },
  // What was read but not acknowledged is read again: then one version stands there twice, seen at two times.
  deal_revisions: { ...account, within: 'both', distinct: true, columns: DEAL, least: 200 },
  positions: { by: 'account', time: 'ts_close', within: 'both', columns: POSITION, least: 100 },
  position_revisions: {
    by: 'account',
    time: 'ts_close',
    within: 'both',
    distinct: true,
    columns: POSITION,
    least: 100,
  },
  history_limits: {
    ...account,
    within: 'any',
    distinct: true,
    columns: 'symbol, stream, timeframe, ts_earliest',
    least: 2,
  },
  trading_sessions: {
    ...feed,
    within: 'any',
    distinct: true,
    columns: 'ts, symbol, kind, broker_date, windows, condition, rule_id',
    least: 3,
  },
} as const satisfies Partial<Record<TableName, Compared>>;
export type ComparedTable = keyof typeof COMPARED;
export const COMPARED_TABLES = Object.keys(COMPARED) as ComparedTable[];

type ReceiptTable = {
  [S in StreamKind]: Kind<S>['clock'] extends null ? Kind<S>['table'] : never;
}[StreamKind];
const byReceipt = STREAMED.flatMap(({ clock, table }) =>
  clock === null ? [[table, 'ts is the time of receipt'] as const] : [],
);

/** Why the others are not among them. Of those that are called empty the test shows it. */
export const NOT_COMPARED = {
  ...Object.fromEntries(byReceipt),
  coverage: 'claims are cut where each recorder was: their union is compared instead',
  gap_events: 'each recorder has its own events: the gaps are compared instead',
  rejected: 'empty: everything could be stored',
  accounts: 'ts is the time of this machine',
  symbol_specs: 'ts is the time of this machine',
  streams: 'ts is when it was configured',
  clock_rules: 'ts is when a rule holds, and nothing was decided: the rules are written by hand',
  clock_evidence: 'ts is the time of this machine',
  clock_applies: 'the corrections themselves',
  account_epochs: 'who recorded, and when it was started',
  daily_quality: 'empty: no day of the broker ends while this recording lasts',
} as const satisfies Record<Exclude<TableName, ComparedTable | ReceiptTable>, string>;

/** What both recorded. */
interface Shared {
  /** The stretch of the market's time, without its ends. */
  readonly stretch: Range;
  /** What of it either may have missed. */
  readonly outages: readonly Range[];
  /** Where either left ticks out on purpose, of some symbol: which ones depends on when it subscribed. */
  readonly leftOut: readonly Range[];
}

export async function recordedByBoth({ recording }: Pair): Promise<Shared> {
  const [[fromUs, toUs]] = (await recording.sql(
    `SELECT max(a) + 3000000, min(b) - 3000000 FROM (SELECT feed, cast(min(ts) as long) a, cast(max(ts) as long) b FROM ticks WHERE source = 'live' GROUP BY feed)`,
  )) as [[number, number]];
  const stretch = { fromUs, toUs };
  const gapsOf = async (which: string): Promise<Range[]> => {
    const gaps = (await recording.sql(
      `SELECT DISTINCT cast(ts_from as long), cast(ts_to as long) FROM gaps WHERE ${which}`,
    )) as [number, number | null][];
    const missed = gaps.map(([from, to]) => ({ fromUs: from, toUs: to ?? Number.MAX_SAFE_INTEGER }));
    return intersect([stretch], unite(missed));
  };
  return { stretch, outages: await gapsOf(LIVE_GAP), leftOut: await gapsOf(LEFT_OUT) };
}

export interface Difference {
  readonly table: string;
  readonly rows: number;
  readonly late: readonly string[];
  readonly early: readonly string[];
}

/** Rows of one table that only one of the two has, as a multiset; `rows` is what both have. @throws when there are too few to tell. */
export async function compareRows(
  pair: Pair,
  table: ComparedTable,
  { leftOut, outages, stretch }: Shared,
): Promise<Difference> {
  const spec: Compared = COMPARED[table];
  const { by, columns, time } = spec;
  const from = (us: number): string => `${time} >= cast(${us}L as timestamp)`;
  const before = (us: number): string => `${time} < cast(${us}L as timestamp)`;
  const lasts = spec.lastsUs ?? 0;
  const missed = table === 'ticks' ? unite([...outages, ...leftOut]) : outages;
  const outside = missed.map(({ fromUs, toUs }) => `NOT (${from(fromUs - lasts)} AND ${before(toUs)})`);
  const where = {
    live: [from(stretch.fromUs), before(stretch.toUs - lasts), ...outside],
    past: [before(pair.startUs), await commonBars(pair, table)],
    both: [before(stretch.toUs)],
    any: [],
  }[spec.within];
  const rowsOf = async (name: string): Promise<string[]> => {
    const sql = [
      `SELECT ${spec.distinct === true ? 'DISTINCT ' : ''}${columns} FROM ${table} WHERE ${by} = '${name}'`,
      ...where,
    ];
    return (await pair.recording.sql(sql.join(' AND '))).map((row) => row.join(' '));
  };
  const [late, early] = [await rowsOf(pair.late), await rowsOf(pair.early)];
  if (early.length < spec.least)
    throw new Error(`${table} has ${early.length} rows of ${pair.early}: too few to tell`);
  return { table, rows: early.length, late: without(late, early), early: without(early, late) };
}

/** How far back bars are asked for is counted from a start that the wrong rule read otherwise. */
async function commonBars({ recording }: Pair, table: string): Promise<string> {
  if (table !== 'bars' && table !== 'bar_revisions') return 'true';
  const starts = (await recording.sql(
    `SELECT timeframe, max(a) FROM (SELECT feed, timeframe, cast(min(ts) as long) a FROM bars GROUP BY feed, timeframe) GROUP BY timeframe`,
  )) as [string, number][];
  const each = starts.map(([name, us]) => `(timeframe = '${name}' AND ts >= cast(${us}L as timestamp))`);
  return `(${each.join(' OR ')})`;
}

const without = (rows: readonly string[], others: readonly string[]): string[] => {
  const left = new Map<string, number>();
  for (const row of others) left.set(row, (left.get(row) ?? 0) + 1);
  return rows.filter((row) => {
    const n = left.get(row) ?? 0;
    left.set(row, n - 1);
    return n <= 0;
  });
};

/** Which frames are left out at the start of a subscription depends on when it began. */
const LEFT_OUT = "cause = 'not_subscribed' AND coalesce(evidence, '') LIKE '%left out%'";
/** Gaps that the stream itself opened. */
const LIVE_GAP = `cause NOT IN ('refused', 'undercount') AND NOT (${LEFT_OUT})`;
const KEY = 'stream, symbol, timeframe';

type ByStream = ReadonlyMap<string, Range[]>;

const byStream = async (recording: Recording, sql: string): Promise<ByStream> => {
  const rows = (await recording.sql(sql)) as (string | number | null)[][];
  const key = (row: (string | number | null)[]): string =>
    row
      .slice(2)
      .map((cell) => cell ?? '*')
      .join(' ');
  return new Map(
    [...Map.groupBy(rows, key)].map(([stream, of]) => [
      stream,
      unite(of.map(([from, to]) => ({ fromUs: Number(from), toUs: Number(to ?? Number.MAX_SAFE_INTEGER) }))),
    ]),
  );
};

/**
 * What each of the two claims or knows to be missing, by source and stream: for what was streamed both together are the whole stretch, and
 * outside outages the claims are equal; for history the claims are equal from where both begin to the market's start.
 */
export async function compareClaims(pair: Pair, { outages, stretch }: Shared): Promise<Difference[]> {
  const { early, late, recording, startUs } = pair;
  const claims = (source: string, name: string): Promise<ByStream> =>
    byStream(
      recording,
      `SELECT cast(ts as long), cast(ts_to as long), ${KEY} FROM coverage WHERE source = '${source}' AND account = '${name}'`,
    );
  const differences: Difference[] = [];
  for (const source of ['live', 'history']) {
    const [ours, theirs] = [await claims(source, late), await claims(source, early)];
    for (const stream of new Set([...ours.keys(), ...theirs.keys()])) {
      const [one, other] = [ours.get(stream) ?? [], theirs.get(stream) ?? []];
      const begin = Math.max(one[0]?.fromUs ?? 0, other[0]?.fromUs ?? 0);
      const within = source === 'live' ? subtract([stretch], outages) : [{ fromUs: begin, toUs: startUs }];
      const [a, b] = [intersect(within, one), intersect(within, other)];
      differences.push({
        table: `coverage ${source} ${stream}`,
        rows: b.length,
        late: subtract(a, b).map(spell),
        early: subtract(b, a).map(spell),
      });
    }
  }
  return differences;
}

/**
 * Gaps of the same outages: each of one has one of the other that it overlaps, of the same stream and cause. Hours that a wrong rule could not
 * tell the passes of are gaps of the late one alone, and are none any more.
 */
export async function compareGaps(pair: Pair, { stretch }: Shared): Promise<Difference> {
  const of = (name: string): Promise<ByStream> =>
    byStream(
      pair.recording,
      `SELECT cast(ts_from as long), cast(ts_to as long), ${KEY}, cause FROM gaps WHERE ${LIVE_GAP} AND ts_to IS NOT NULL AND account = '${name}'`,
    );
  const refused = (
    await pair.recording.sql(`SELECT gap_id FROM gaps WHERE cause = 'refused' AND state = 'open'`)
  ).map(String);
  const inside = (gaps: ByStream): [string, Range][] =>
    [...gaps].flatMap(([stream, ranges]) =>
      ranges
        .filter(({ fromUs, toUs }) => fromUs >= stretch.fromUs && toUs <= stretch.toUs)
        .map((range): [string, Range] => [stream, range]),
    );
  const [late, early] = [await of(pair.late), await of(pair.early)];
  const alone = (ours: ByStream, theirs: ByStream): string[] =>
    inside(ours)
      .filter(([stream, range]) => intersect([range], theirs.get(stream) ?? []).length === 0)
      .map(([stream, range]) => `${stream} ${spell(range)}`);
  const ours = [...alone(late, early), ...refused];
  return { table: 'gaps', rows: inside(early).length, late: ours, early: alone(early, late) };
}

const spell = ({ fromUs, toUs }: Range): string =>
  `${new Date(fromUs / 1000).toISOString()} to ${new Date(toUs / 1000).toISOString()}`;
