// Encodes rows as the body of one request. In: a table, rows, their order, limits. Out: the bytes, which row is on which line, and every
// row that no line can hold, with its reason.
import { RowEncoder } from './row-encoder.ts';
import type { Row, TableDef } from '@fxtape/market/tables';
import { timeOrder } from './time-order.ts';

export interface RefusedRow {
  /** Index into the rows given. */
  readonly index: number;
  readonly reason: string;
}

export interface EncodedRows {
  /** View of the encoder's buffer: valid until the encoder is used again. */
  readonly body: Uint8Array;
  /** Index into the rows given, by line; line numbers start at 1, `indices[line - 1]`. */
  readonly indices: Uint32Array;
  readonly refused: readonly RefusedRow[];
  /** How much of `order` was taken: continue here when a limit was reached. */
  readonly next: number;
  /** The line (from 1) of the row with this index; null when it has none. */
  lineOf(index: number): number | null;
}

export interface EncodeLimits {
  /** Stop before line `maxRows + 1`. */
  readonly maxRows?: number;
  /** Stop after the line that reaches this size; at least one line is taken. */
  readonly maxBytes?: number;
}

/** All rows of one table, sorted by `ts`. For one-off use; the writer keeps an encoder per table. */
export function encodeRows(def: TableDef, rows: readonly Row[]): EncodedRows {
  const encoder = new RowEncoder(def, { initialBytes: 1024 + rows.length * 192 });
  return encodeInOrder(encoder, rows, timeOrder(rows));
}

/** The rows `order[from…]` as far as the limits allow. Overwrites what the encoder held before. */
export function encodeInOrder(
  encoder: RowEncoder,
  rows: readonly Row[],
  order: Uint32Array,
  from = 0,
  limits: EncodeLimits = {},
): EncodedRows {
  const maxBytes = limits.maxBytes ?? Number.POSITIVE_INFINITY;
  const end = Math.min(order.length, from + (limits.maxRows ?? Number.POSITIVE_INFINITY));
  const indices = new Uint32Array(end - from);
  const refused: RefusedRow[] = [];
  let lines = 0;
  let next = from;
  encoder.reset();
  while (next < end && (lines === 0 || encoder.bytes < maxBytes)) {
    const index = order[next++] ?? 0;
    const reason = encoder.add(rows[index] ?? {});
    if (reason === null) indices[lines++] = index;
    else refused.push({ index, reason });
  }
  const taken = indices.subarray(0, lines);
  return {
    body: encoder.body(),
    indices: taken,
    refused,
    next,
    lineOf: (index) => {
      const at = taken.indexOf(index);
      return at < 0 ? null : at + 1;
    },
  };
}
