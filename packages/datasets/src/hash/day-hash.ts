// The row hash of each UTC day of a Parquet file. In: the file and the columns. Out: per day the number of its rows and a hash of their
// values, which does not depend on the encoder, the order of rows with equal times, the machine, or the time zone. Format:
// docs/dataset-format.md.
import { createHash, type Hash } from 'node:crypto';
import type { Column } from '@fxtape/market/tables';
import { FxtapeError } from '@fxtape/ops';
import { type Duck, readParquet } from '../duck.ts';
import { encodedAs, encodedSql, hashedAs } from './encoding.ts';

export interface DayHash {
  /** Midnight UTC, microseconds. */
  readonly dayUs: number;
  readonly rows: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

export interface FileHash {
  readonly days: readonly DayHash[];
  readonly rows: number;
  /** Null without rows. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
}

const DAY_US = 86_400_000_000;
/** Rows buffered before they are hashed, so that `update` is not called for each small chunk. */
const HELD_ROWS = 16_384;
/** DuckDB returns at most this many rows per chunk. */
const CHUNK_ROWS = 2048;
/** Up to this many rows with one time are sorted in place. */
const FEW_ROWS = 12;
const NO_TEXT = 0xffff_ffff;
/** What a null time is encoded as: earlier than any time. */
const NULL_US = -(2 ** 63);

/** One column of the buffered rows. */
interface Held {
  readonly column: Column;
  bytes: Buffer;
  /** The encoded values of a text column; null for a column of fixed width. */
  readonly texts: Buffer[] | null;
}

/**
 * `columns`: those to hash, the time column first. The rows of the file must be in the order of time.
 * Errors: DATASET_FILE_WRONG (a time goes back or is null).
 */
export async function hashFile(
  duck: Duck,
  file: string,
  columns: readonly Column[],
  signal?: AbortSignal,
): Promise<FileHash> {
  const rows = new HeldRows(columns, file);
  const list = columns.map(encodedSql).join(', ');
  for await (const chunk of duck.chunks(`SELECT ${list} FROM ${readParquet(file)}`, signal)) {
    for (let i = 0; i < columns.length; i++) {
      const vector = chunk.getColumnVector(i);
      rows.take(i, chunk.rowCount, vector as unknown as ColumnVector);
    }
    rows.endChunk(chunk.rowCount);
  }
  return rows.end();
}

/** What is used of DuckDB's vectors: `items`, the memory of numbers, and `getItem`, one text. */
interface ColumnVector {
  readonly items: BigInt64Array | Float64Array;
  getItem(index: number): string | null;
}

class HeldRows {
  readonly #file: string;
  readonly #held: readonly Held[];
  /** Times as pairs of 32-bit words, low and high, which compare faster than bigints. */
  #times: Int32Array;
  readonly #days: DayHash[] = [];
  #capacity = HELD_ROWS;
  #count = 0;
  #rows = 0;
  #firstUs: number | null = null;
  #lastUs: number | null = null;
  #day: { readonly dayUs: number; rows: number; readonly hashes: readonly Hash[] } | null = null;

  constructor(columns: readonly Column[], file: string) {
    this.#file = file;
    this.#held = columns.map((column) => ({
      column,
      bytes: Buffer.alloc(encodedAs(column) === 'text' ? 0 : HELD_ROWS * 8),
      texts: encodedAs(column) === 'text' ? [] : null,
    }));
    this.#times = timesOf(this.#held);
  }

  /** Adds `count` values to a column. */
  take(index: number, count: number, vector: ColumnVector): void {
    const { bytes, texts } = this.#held[index] as Held;
    if (texts !== null) {
      for (let i = 0; i < count; i++) texts.push(encodeText(vector.getItem(i)));
      return;
    }
    const { buffer, byteOffset } = vector.items;
    bytes.set(new Uint8Array(buffer, byteOffset, count * 8), this.#count * 8);
  }

  /** Every column has been given `count` more rows. */
  endChunk(count: number): void {
    this.#count += count;
    if (this.#count > this.#capacity - CHUNK_ROWS) this.#hash(false);
  }

  end(): FileHash {
    this.#hash(true);
    this.#endDay();
    return { days: this.#days, rows: this.#rows, firstUs: this.#firstUs, lastUs: this.#lastUs };
  }

  /** Hashes the buffered rows. Unless it is the end, those with the last time stay, because more of them may follow. */
  #hash(all: boolean): void {
    const times = this.#times;
    const end = all ? this.#count : this.#startOfLastTie();
    let hashed = 0;
    let tieFrom = 0;
    let lastUs = this.#lastUs ?? NULL_US;
    let dayEndsUs = this.#day === null ? -Infinity : this.#day.dayUs + DAY_US;
    for (let row = 0; row < end; row++) {
      const us = (times[row * 2 + 1] as number) * 4_294_967_296 + ((times[row * 2] as number) >>> 0);
      if (us === lastUs && row > 0) continue;
      if (us <= lastUs) throw this.#wrong('rows are not in the order of time');
      if (row - tieFrom > 1) this.#sort(tieFrom, row);
      tieFrom = row;
      this.#firstUs ??= us;
      lastUs = us;
      if (us < dayEndsUs) continue;
      this.#update(hashed, row);
      hashed = row;
      dayEndsUs = this.#beginDay(us) + DAY_US;
    }
    if (end - tieFrom > 1) this.#sort(tieFrom, end);
    this.#update(hashed, end);
    this.#lastUs = lastUs === NULL_US ? null : lastUs;
    this.#keepFrom(end);
  }

  #startOfLastTie(): number {
    const times = this.#times;
    let row = this.#count - 1;
    while (row > 0 && times[row * 2] === times[row * 2 - 2] && times[row * 2 + 1] === times[row * 2 - 1])
      row--;
    return Math.max(row, 0);
  }

  #beginDay(us: number): number {
    this.#endDay();
    const dayUs = Math.floor(us / DAY_US) * DAY_US;
    this.#day = { dayUs, rows: 0, hashes: this.#held.map(() => createHash('sha256')) };
    return dayUs;
  }

  #update(from: number, to: number): void {
    if (to === from || this.#day === null) return;
    this.#day.rows += to - from;
    this.#rows += to - from;
    for (const [i, { bytes, texts }] of this.#held.entries()) {
      const hash = this.#day.hashes[i] as Hash;
      if (texts === null) hash.update(bytes.subarray(from * 8, to * 8));
      else for (let row = from; row < to; row++) hash.update(texts[row] as Buffer);
    }
  }

  #endDay(): void {
    if (this.#day === null) return;
    const { dayUs, hashes, rows } = this.#day;
    const whole = createHash('sha256').update(`${rows} rows\n`);
    for (const [i, { column }] of this.#held.entries())
      whole.update(`${column.name} ${hashedAs(column)} ${hashes[i]?.digest('hex')}\n`);
    this.#days.push({ dayUs, rows, hash: whole.digest('hex') });
    this.#day = null;
  }

  #keepFrom(row: number): void {
    for (const { bytes, texts } of this.#held) {
      if (texts === null) bytes.copyWithin(0, row * 8, this.#count * 8);
      else texts.splice(0, row);
    }
    this.#count -= row;
    if (this.#count > this.#capacity - CHUNK_ROWS) this.#grow();
  }

  /** Doubles the buffer: all rows in it have one time, and more of them may follow. */
  #grow(): void {
    this.#capacity *= 2;
    for (const held of this.#held)
      if (held.texts === null) held.bytes = Buffer.concat([held.bytes], this.#capacity * 8);
    this.#times = timesOf(this.#held);
  }

  #wrong(what: string): FxtapeError {
    return new FxtapeError({
      code: 'DATASET_FILE_WRONG',
      message: `${this.#file}: ${what}`,
      context: { file: this.#file, afterUs: this.#lastUs },
    });
  }

  /** Sorts rows with one time by the bytes of their values, column by column. */
  #sort(from: number, to: number): void {
    // Usually two ticks of one millisecond.
    if (to - from <= FEW_ROWS) {
      for (let row = from + 1; row < to; row++)
        for (let at = row; at > from && this.#compare(at - 1, at) > 0; at--) this.#swap(at - 1, at);
      return;
    }
    const order = Array.from({ length: to - from }, (_, i) => from + i).sort((a, b) => this.#compare(a, b));
    for (const { bytes, texts } of this.#held) {
      if (texts === null) {
        const before = Buffer.from(bytes.subarray(from * 8, to * 8));
        for (const [i, row] of order.entries())
          before.copy(bytes, (from + i) * 8, (row - from) * 8, (row - from) * 8 + 8);
      } else {
        const before = texts.slice(from, to);
        for (const [i, row] of order.entries()) texts[from + i] = before[row - from] as Buffer;
      }
    }
  }

  #compare(a: number, b: number): number {
    for (const { bytes, texts } of this.#held) {
      if (texts !== null) {
        const by = Buffer.compare(texts[a] as Buffer, texts[b] as Buffer);
        if (by !== 0) return by;
        continue;
      }
      for (let i = 0; i < 8; i++) {
        const by = (bytes[a * 8 + i] as number) - (bytes[b * 8 + i] as number);
        if (by !== 0) return by;
      }
    }
    return 0;
  }

  #swap(a: number, b: number): void {
    for (const { bytes, texts } of this.#held) {
      if (texts === null) {
        for (let i = 0; i < 8; i++) {
          const byte = bytes[a * 8 + i] as number;
          bytes[a * 8 + i] = bytes[b * 8 + i] as number;
          bytes[b * 8 + i] = byte;
        }
      } else [texts[a], texts[b]] = [texts[b] as Buffer, texts[a] as Buffer];
    }
  }
}

/** The first column, the time, as pairs of 32-bit words. */
function timesOf([time]: readonly Held[]): Int32Array {
  const { buffer, byteOffset, length } = (time as Held).bytes;
  return new Int32Array(buffer, byteOffset, length / 4);
}

/** Length in bytes (32 bits, little-endian), then UTF-8; null: the largest length alone. */
function encodeText(text: string | null): Buffer {
  const content = Buffer.from(text ?? '');
  const bytes = Buffer.alloc(4 + content.length);
  bytes.writeUInt32LE(text === null ? NO_TEXT : content.length);
  content.copy(bytes, 4);
  return bytes;
}
