// The offset that a row should have been written with, as an expression of its own columns. In: whose clock keeps which offsets over which
// stretches of wall clock. Out: SQL that is null where a row has none, or where it lies in an hour that occurs twice and nothing tells
// which pass it is of.
import { sqlText } from '../sql-text.ts';
import { SQL_CORRECTED, type SqlCorrected, type SqlCorrection } from './corrected-tables.ts';

/** Wall-clock times `[fromUs, toUs)` of one offset, or of two. */
export type OffsetSpan =
  | { readonly fromUs: number; readonly toUs: number; readonly offsetS: number }
  | {
      readonly fromUs: number;
      readonly toUs: number;
      readonly firstS: number;
      readonly secondS: number;
      /** The rows of history there were written by a rule with the same hour: their passes were told apart. */
      readonly told: boolean;
      /** A replayed gateway: rows of the first pass were received before, of the second from then on; null is not known. Left out: the pass nearest to the receive time. */
      readonly splitUs?: number | null;
    };

/** The wall clock of some feeds or accounts. */
export interface WallClock {
  readonly feeds: readonly string[];
  readonly accounts: readonly string[];
  readonly spans: readonly OffsetSpan[];
}

/** Of the table: `offset` is the expression, `broker` the broker's time in microseconds. */
export const correctedSql = (table: SqlCorrected, clocks: readonly WallClock[]) => {
  const spec: SqlCorrection = SQL_CORRECTED[table];
  const broker = `(cast(${spec.time} as long) + utc_offset_s * 1000000L)`;
  const cases = clocks.flatMap((clock) => {
    const names = spec.by === 'feed' ? clock.feeds : clock.accounts;
    if (names.length === 0 || clock.spans.length === 0) return [];
    return [
      `WHEN ${spec.by} IN (${names.map(sqlText).join(', ')}) THEN ${spansSql(spec, broker, clock.spans)}`,
    ];
  });
  const own = cases.length === 0 ? 'utc_offset_s' : `CASE ${cases.join(' ')} ELSE utc_offset_s END`;
  return { broker, offset: `CASE WHEN utc_offset_s IS NULL THEN NULL ELSE ${own} END` };
};

function spansSql(spec: SqlCorrection, broker: string, spans: readonly OffsetSpan[]): string {
  const whens = spans.map(
    (span) =>
      `WHEN ${broker} < ${span.toUs}L THEN ${'offsetS' in span ? span.offsetS : passSql(spec, broker, span)}`,
  );
  // The spans reach beyond every row they are made for.
  return `CASE ${whens.join(' ')} ELSE NULL END`;
}

function passSql(spec: SqlCorrection, broker: string, span: Extract<OffsetSpan, { firstS: number }>): string {
  const { firstS, secondS } = span;
  const kept = span.told
    ? `CASE WHEN utc_offset_s = ${firstS} OR utc_offset_s = ${secondS} THEN utc_offset_s ELSE NULL END`
    : 'NULL';
  const history = spec.bars ? `CASE WHEN ${longBar(firstS - secondS)} THEN ${firstS} ELSE ${kept} END` : kept;
  if (spec.received === null) return history;
  const received = `cast(${spec.received} as long)`;
  const away = (offsetS: number): string => `abs(${broker} - ${offsetS}000000L - ${received})`;
  let live = `CASE WHEN ${away(secondS)} < ${away(firstS)} THEN ${secondS} ELSE ${firstS} END`;
  // An event whose own time is that of its receipt is never left out.
  if (span.splitUs === null) live = spec.time === 'ts' ? 'NULL' : String(firstS);
  else if (span.splitUs !== undefined)
    live = `CASE WHEN ${received} < ${span.splitUs}L THEN ${firstS} ELSE ${secondS} END`;
  return spec.history === 'false' ? live : `CASE WHEN ${spec.history} THEN ${history} ELSE ${live} END`;
}

const MINUTES = { M1: 1, M5: 5, M15: 15, M30: 30, H1: 60, H4: 240, D1: 1440, W1: 10_080, MN1: 40_320 };

/** The bar holds both passes for certain: it is longer than the hour. */
const longBar = (hourS: number): string => {
  const long = Object.entries(MINUTES).filter(([, minutes]) => minutes * 60 > hourS);
  return `timeframe IN (${long.map(([name]) => sqlText(name)).join(', ')})`;
};
