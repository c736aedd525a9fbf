// The right offset of a row as an SQL expression over its columns. In: which clock has which offsets over which stretches of wall clock, and
// the wall clock of the rows in question. Out: SQL; null for a row without an offset, and for one in a repeated hour whose pass is unknown.
// The expression contains only the stretches that those rows meet, so it stays short.
import { sqlText } from '../wire/sql-text.ts';
import type { SqlCorrection } from './corrected-tables.ts';

/** Wall-clock times `[fromUs, toUs)` of one offset, or of two. */
export type OffsetSpan = PlainSpan | RepeatedSpan;

interface PlainSpan {
  readonly fromUs: number;
  readonly toUs: number;
  readonly offsetS: number;
}

export interface RepeatedSpan {
  readonly fromUs: number;
  readonly toUs: number;
  readonly firstS: number;
  readonly secondS: number;
  /** History rows there were written by a rule with the same repeated hour, so their pass is known. */
  readonly told: boolean;
  /** A replayed gateway: rows of the first pass were received before, of the second from then on; null is not known. Left out: the pass nearest to the receive time. */
  readonly splitUs?: number | null;
}

/** The wall clock of some feeds or accounts. */
export interface WallClock {
  readonly feeds: readonly string[];
  readonly accounts: readonly string[];
  /** In order, without holes, and beyond every row on both sides. */
  readonly spans: readonly OffsetSpan[];
}

/** `[fromUs, toUs)` of wall clock. */
export interface WallRange {
  readonly fromUs: number;
  readonly toUs: number;
}

export const isRepeatedSpan = (span: OffsetSpan): span is RepeatedSpan => 'firstS' in span;

/** The same for the names of one table. */
export interface NamedClock {
  readonly names: readonly string[];
  readonly spans: readonly OffsetSpan[];
}

/** In chunks of names, so that each is short enough for a statement. */
export const namedClocks = (spec: SqlCorrection, clocks: readonly WallClock[]): NamedClock[] =>
  clocks.flatMap(({ accounts, feeds, spans }) =>
    chunks(spec.by === 'feed' ? feeds : accounts, NAMES_AT_ONCE).map((names) => ({ names, spans })),
  );

/** A name may take 60 bytes of the URL. */
export const NAMES_AT_ONCE = 100;

export const chunks = <T>(list: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / most) }, (_, i) => list.slice(i * most, (i + 1) * most));

/** The broker's wall clock of a row, in microseconds. */
export const brokerSql = (spec: SqlCorrection): string =>
  `(cast(${spec.time} as long) + utc_offset_s * 1000000L)`;

/** `fx_b` is the column of `brokerSql`. Rows of other names keep their offset. */
export function offsetSql(spec: SqlCorrection, clocks: readonly NamedClock[], wall: WallRange): string {
  const cases = clocks.map(({ names, spans }) => {
    const met = spans.filter((span) => span.toUs > wall.fromUs && span.fromUs < wall.toUs);
    return `WHEN ${inNames(spec, names)} THEN ${spansSql(spec, met)}`;
  });
  return `CASE WHEN utc_offset_s IS NULL THEN NULL ${cases.join(' ')} ELSE utc_offset_s END`;
}

export const inNames = (spec: SqlCorrection, names: readonly string[]): string =>
  `${spec.by} IN (${names.map(sqlText).join(',')})`;

function spansSql(spec: SqlCorrection, spans: readonly OffsetSpan[]): string {
  const offset = (span: OffsetSpan): string =>
    isRepeatedSpan(span) ? passSql(spec, span) : String(span.offsetS);
  const last = spans.at(-1) as OffsetSpan;
  const whens = spans.slice(0, -1).map((span) => `WHEN fx_b < ${span.toUs}L THEN ${offset(span)}`);
  return whens.length === 0 ? offset(last) : `CASE ${whens.join(' ')} ELSE ${offset(last)} END`;
}

function passSql(spec: SqlCorrection, span: RepeatedSpan): string {
  const { firstS, secondS } = span;
  const kept = span.told
    ? `CASE WHEN utc_offset_s = ${firstS} OR utc_offset_s = ${secondS} THEN utc_offset_s ELSE NULL END`
    : 'NULL';
  const history = spec.bars ? `CASE WHEN ${longBar(firstS - secondS)} THEN ${firstS} ELSE ${kept} END` : kept;
  if (spec.received === null) return history;
  const received = `cast(${spec.received} as long)`;
  const away = (offsetS: number): string => `abs(fx_b - ${offsetS}000000L - ${received})`;
  let live = `CASE WHEN ${away(secondS)} < ${away(firstS)} THEN ${secondS} ELSE ${firstS} END`;
  // An event whose `ts` is its receive time is never left out.
  if (span.splitUs === null) live = spec.time === 'ts' ? 'NULL' : String(firstS);
  else if (span.splitUs !== undefined)
    live = `CASE WHEN ${received} < ${span.splitUs}L THEN ${firstS} ELSE ${secondS} END`;
  return spec.history === 'false' ? live : `CASE WHEN ${spec.history} THEN ${history} ELSE ${live} END`;
}

const MINUTES = { M1: 1, M5: 5, M15: 15, M30: 30, H1: 60, H4: 240, D1: 1440, W1: 10_080, MN1: 40_320 };

/** A bar longer than the repeated hour holds both passes. */
const longBar = (hourS: number): string => {
  const long = Object.entries(MINUTES).filter(([, minutes]) => minutes * 60 > hourS);
  return `timeframe IN (${long.map(([name]) => sqlText(name)).join(', ')})`;
};
