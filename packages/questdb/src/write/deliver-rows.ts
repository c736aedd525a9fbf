// Delivers rows of one table to the database. In: rows in time order. Out: each row is stored or condemned; everything else is repeated
// without end, the refusal of the whole table included. A row is condemned by the encoder (no line can hold it), or when all three hold:
// the server answered 400 and named its line, it did so again for that line alone, and the table was as defined before and after.
//
//   request ──stored──► next                         too large ──► the same with half the bytes
//      │  └─no verdict, refused──► wait, repeat
//      └─line named──► [rows before] [that row] [rows after], each its own request, in this order
import { encodeInOrder } from './encode-rows.ts';
import type { RowEncoder } from './row-encoder.ts';
import type { Row } from '@fxtape/market/tables';
import type { WriteAnswer } from '../wire/write-answer.ts';

export interface DeliveryLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Why rows cannot be written now: `failed` = no verdict, `refused` = a verdict against the whole request. */
export interface Obstacle {
  readonly kind: 'failed' | 'refused';
  readonly code: string;
  readonly message: string;
}

export interface Delivery {
  /** Sends a body; throws only to end the delivery (abort). */
  post(body: Uint8Array, rows: number): Promise<WriteAnswer>;
  /** Differences between table and definition. An error it throws is an obstacle, unless the delivery was aborted. */
  schemaDifferences(): Promise<readonly string[]>;
  /** The rows whose submission was not given up; the same array when none was. */
  wanted(indices: Uint32Array): Uint32Array;
  /** Waits before the next try; throws to end the delivery (abort). */
  waitOut(obstacle: Obstacle, failures: number): Promise<void>;
  /** These rows are stored. Called many times, in order. */
  stored(indices: Uint32Array): void;
  /** This row will never be stored. `line` is what the server refused; null when no line could be made. */
  condemned(index: number, reason: string, line: string | null): void;
}

/** Resolves when every row of `order` is stored, condemned, or given up. Rows that are given up are in no further request. */
export async function deliverRows(
  encoder: RowEncoder,
  rows: readonly Row[],
  order: Uint32Array,
  limits: DeliveryLimits,
  delivery: Delivery,
): Promise<void> {
  const work = cutBetweenMilliseconds(rows, order, limits.maxRows);
  const suspects = new Set<number>();
  /** Suspects that were refused by a table which was then found to be as defined. */
  const cleared = new Set<number>();
  let maxBytes = limits.maxBytes;
  let failures = 0;
  const waitOut = (kind: Obstacle['kind'], code: string, message: string) =>
    delivery.waitOut({ kind, code, message }, ++failures);

  for (let chunk = work.shift(); chunk !== undefined; chunk = work.shift()) {
    const wanted = delivery.wanted(chunk);
    const { body, indices, refused, next } = encodeInOrder(encoder, rows, wanted, 0, { maxBytes });
    for (const row of refused) delivery.condemned(row.index, row.reason, null);
    if (next < wanted.length) work.unshift(wanted.subarray(next));
    if (indices.length === 0) continue;
    for (let sent = false; !sent; ) {
      if (delivery.wanted(indices) !== indices) {
        work.unshift(indices);
        break;
      }
      const answer = await delivery.post(body, indices.length);
      if (answer.kind === 'stored') {
        delivery.stored(indices);
        failures = 0;
        maxBytes = Math.min(limits.maxBytes, Math.ceil(maxBytes * 1.1));
        sent = true;
      } else if (answer.kind === 'too_large' && indices.length > 1) {
        maxBytes = Math.max(1, body.length >> 1);
        work.unshift(indices);
        sent = true;
      } else if (answer.kind === 'too_large') {
        await waitOut('refused', 'QDB_TOO_LARGE', answer.message);
      } else if (answer.kind !== 'bad_line') {
        await waitOut(answer.kind, answer.code, answer.message);
      } else if (indices.length > 1) {
        work.unshift(...isolate(indices, answer.line, suspects));
        sent = true;
      } else {
        const index = indices[0] ?? 0;
        if (!suspects.has(index)) {
          suspects.add(index); // the only row of its request: the same answer must come twice
          continue;
        }
        const verdict = await judge(delivery);
        if (verdict === null && !cleared.has(index)) {
          // The table may have been repaired since the refusal. Only another refusal proves that the line is at fault.
          cleared.add(index);
        } else if (verdict === null) {
          delivery.condemned(index, answer.message, Buffer.from(body).toString('utf8'));
          failures = 0;
          sent = true;
        } else {
          cleared.delete(index);
          await waitOut(verdict.kind, verdict.code, verdict.message);
        }
      }
    }
  }
}

/** Null when the table is as defined, so that the line itself must be at fault. */
async function judge(delivery: Delivery): Promise<Obstacle | null> {
  let differences: readonly string[];
  try {
    differences = await delivery.schemaDifferences();
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return { kind: 'failed', code: code ?? 'QDB_SQL', message: message ?? String(error) };
  }
  if (differences.length === 0) return null;
  return { kind: 'refused', code: 'SCHEMA_MISMATCH', message: differences.join('; ') };
}

/** The named row alone, with the rows before and after it as requests of their own. A line that does not exist: two halves. */
function isolate(indices: Uint32Array, line: number, suspects: Set<number>): Uint32Array[] {
  const at = line - 1;
  const index = indices[at];
  if (index === undefined) {
    const half = indices.length >> 1;
    return [indices.subarray(0, half), indices.subarray(half)];
  }
  suspects.add(index);
  return [indices.subarray(0, at), indices.subarray(at, at + 1), indices.subarray(at + 1)].filter(
    (part) => part.length > 0,
  );
}

/** Pieces of at most `maxRows`, cut between two milliseconds where one lies in the second half of the piece. */
export function cutBetweenMilliseconds(
  rows: readonly Row[],
  order: Uint32Array,
  maxRows: number,
): Uint32Array[] {
  const pieces: Uint32Array[] = [];
  const millisecond = (at: number) => Math.floor(Number(rows[order[at] ?? 0]?.['ts']) / 1000);
  let from = 0;
  while (order.length - from > maxRows) {
    let to = from + maxRows;
    const earliest = from + Math.ceil(maxRows / 2);
    while (to > earliest && millisecond(to - 1) === millisecond(to)) to--;
    if (to === earliest) to = from + maxRows;
    pieces.push(order.subarray(from, to));
    from = to;
  }
  if (from < order.length) pieces.push(order.subarray(from));
  return pieces;
}
