// What all mappers of history return, and the nulls they share.

import type { Range } from '../time/ranges.ts';
import { textOrNull } from '../tables/read-fields.ts';

/** A row of an answer that cannot be stored, as received, and the reason. */
export interface RejectedAnswerRow {
  readonly raw: unknown;
  readonly reason: string;
}

/** A row that is stored with null in fields that could not be read or stored, and the reason. */
export interface IncompleteRow<R> extends RejectedAnswerRow {
  readonly row: R;
}

/** One answer of the gateway as rows. Each row of the answer is in `rows`, in `rejected` or inside `ambiguous`, unless documented otherwise. */
export interface HistoryRows<R> {
  readonly rows: readonly R[];
  readonly rejected: readonly RejectedAnswerRow[];
  /** Rows with unreadable fields. A later version in the same answer may have replaced such a row. */
  readonly incomplete: readonly IncompleteRow<R>[];
  /** UTC ranges with rows whose time is ambiguous. They must not be claimed. */
  readonly ambiguous: readonly Range[];
}

/** Null for an absent identifier and for 0: brokers number from 1. */
export const idOrNull = (id: number | bigint | null | undefined): number | bigint | null =>
  id === undefined || id === null || id === 0 || id === 0n ? null : id;

/** Null for an absent or empty word. */
export const wordOrNull = (word: string | null | undefined): string | null => textOrNull(word) || null;
