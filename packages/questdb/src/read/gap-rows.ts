// Rows of the views `gaps` and `outages`. In: rows of an answer. Out: objects named as in the database, times in microseconds UTC.
import type { Cell } from '../wire/exec-answer.ts';

export interface GapRow {
  readonly gap_id: string;
  readonly outage_id: string | null;
  readonly account: string | null;
  readonly feed: string | null;
  /** Null = all symbols of the stream. */
  readonly symbol: string | null;
  readonly stream: string | null;
  readonly timeframe: string | null;
  readonly ts_from: number | null;
  /** Null while the gap has no end. */
  readonly ts_to: number | null;
  readonly cause: string | null;
  readonly state: string | null;
  readonly rows_healed: number | null;
  readonly missing_estimate: number | null;
  readonly evidence: string | null;
  readonly ts_updated: number;
}

export interface OutageRow {
  readonly outage_id: string;
  readonly account: string | null;
  readonly ts_from: number | null;
  /** Null while one of its gaps has no end. */
  readonly ts_to: number | null;
  readonly causes: string | null;
  readonly streams: string | null;
  readonly gaps: number;
  readonly open_gaps: number;
  readonly ts_updated: number;
}

export interface GapCount {
  readonly cause: string | null;
  readonly state: string | null;
  readonly gaps: number;
  /** Of these, how many have no end yet. */
  readonly unended: number;
}

export interface AccountedTo {
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  /** End of the newest range or gap. */
  readonly ts_to: number;
}

export interface LatestTick {
  readonly symbol: string;
  readonly ts: number;
  readonly ts_recv: number;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly last: number | null;
  readonly volume: number | null;
  readonly utc_offset_s: number | null;
  readonly source: string | null;
}

/** The columns of a result that hold integers: longs arrive as strings. */
const INTEGERS = new Set([
  'ts',
  'ts_recv',
  'ts_from',
  'ts_to',
  'ts_updated',
  'rows_healed',
  'missing_estimate',
  'gaps',
  'open_gaps',
  'unended',
]);

/** A result row with its integers as numbers. The statement must cast timestamps to long. */
export function typedRow<T>(row: Readonly<Record<string, Cell>>): T {
  const typed: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(row)) {
    typed[name] = value !== null && INTEGERS.has(name) ? Number(value) : value;
  }
  return typed as T;
}
