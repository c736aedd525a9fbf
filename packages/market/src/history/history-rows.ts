// What the history mappers have in common: the shape of what they give, and which times a table can hold.

import type { Range } from '../time/ranges.ts';
import { textOrNull } from '../tables/read-fields.ts';

/** A row of an answer that cannot be stored, as it came, and why. */
export interface RejectedAnswerRow {
  readonly raw: unknown;
  readonly reason: string;
}

/** A row that is stored with null in fields that could not be read or stored. */
export interface IncompleteRow<R> extends RejectedAnswerRow {
  readonly row: R;
}

/** One answer of the gateway as rows. Every row of the answer is in `rows`, in `rejected`, inside `ambiguous`, or as documented. */
export interface HistoryRows<R> {
  readonly rows: readonly R[];
  readonly rejected: readonly RejectedAnswerRow[];
  /** What of the answer is null in a row. A later version of that row in the same answer may have replaced it. */
  readonly incomplete: readonly IncompleteRow<R>[];
  /** UTC ranges about which the answer said something that could not be read: nothing may be claimed there. */
  readonly ambiguous: readonly Range[];
}

/** `null` for an absent value and for an identifier that is 0: brokers number from 1. */
export const idOrNull = (id: number | bigint | null | undefined): number | bigint | null =>
  id === undefined || id === null || id === 0 || id === 0n ? null : id;

/** `null` for an absent or empty word. */
export const wordOrNull = (word: string | null | undefined): string | null => textOrNull(word) || null;
