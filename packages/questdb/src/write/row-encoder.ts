// Rows of one table as lines of the line protocol, version 2: text, with doubles as 8 raw bytes.
//
//   ticks,feed=icm,symbol=EURUSD,source=live bid==␐········,ask==␐········,utc_offset_s=10800i,ts_recv=1795431234123456t 1795431234123000t\n
//   table └ symbols                        └ fields                                                                      └ ts, µs
//
// In: row objects. Out: bytes in one growing buffer. The server silently accepts wrong values (a missing timestamp, milliseconds taken for
// nanoseconds, NaN as a key), so a value that does not fit its column refuses the whole row, with a reason and without a byte. −0 becomes
// 0, because keys are compared by bits. History rows repeat values (stream, time of the answer, offset), so the bytes of symbols and of
// integers that come a third time in a row are copied.
import { symbolBytes, textRoom, writeInteger, writeText } from './ilp-text.ts';
import type { ColumnType, Row, TableDef } from '@fxtape/market/tables';

/** 1971-01-01, µs. Earlier means that the unit or the clock was wrong. */
export const EARLIEST_TS_US = Date.UTC(1971, 0) * 1000;
/** 2200-01-01, µs. */
export const LATEST_TS_US = Date.UTC(2200, 0) * 1000;

const SPACE = 0x20;
const SUFFIX_INTEGER = 0x69; // i
const SUFFIX_MICROS = 0x74; // t
const NEWLINE = 0x0a;
const TRUE = 0x74;
const FALSE = 0x66;
/** Second `=` and entity type of a binary double. */
const BINARY_DOUBLE = '=\u0010';
const MOST_CACHED_SYMBOLS = 10_000;
const MOST_CACHED_HEADS = 10_000;
const MAX_LONG = 2n ** 63n - 1n;
const MAX_INT = 2 ** 31 - 1;

interface Field {
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
  /** `,name=` and for doubles the marks that follow it. */
  readonly prefix: Uint8Array;
  /** Symbols only: the bytes of `,name=value` by value. */
  readonly known: Map<string, Uint8Array>;
  /** Timestamps and integers only: the value of the row before, and once it repeats, the bytes of `,name=value`. */
  readonly run: { value: unknown; bytes: Uint8Array | null };
}

/** The bytes of table and symbols for these values of the symbol columns. */
interface Head {
  readonly values: readonly unknown[];
  readonly bytes: Uint8Array;
}

export class RowEncoder {
  readonly def: TableDef;
  readonly #symbols: readonly Field[];
  readonly #fields: readonly Field[];
  readonly #table: Uint8Array;
  /** Of the row before. */
  #head: Head | null = null;
  /** The newest one for each value of the column that changes most. */
  readonly #heads = new Map<unknown, Head>();
  readonly #headKey: string;
  #buffer: Buffer;
  #view: DataView;
  #pos = 0;

  constructor(def: TableDef, options: { initialBytes?: number } = {}) {
    this.def = def;
    const fields = def.columns.filter((column) => column.name !== def.designated);
    const field = (name: string, type: ColumnType): Field => ({
      name,
      type,
      required: def.required.includes(name),
      prefix: Buffer.from(`,${name}=${type === 'double' ? BINARY_DOUBLE : ''}`, 'latin1'),
      known: new Map(),
      run: { value: undefined, bytes: null },
    });
    this.#symbols = fields.filter((c) => c.type === 'symbol').map((c) => field(c.name, c.type));
    this.#fields = fields.filter((c) => c.type !== 'symbol').map((c) => field(c.name, c.type));
    this.#table = Buffer.from(def.name, 'latin1');
    this.#headKey = this.#symbols.some(({ name }) => name === 'symbol')
      ? 'symbol'
      : (this.#symbols[0]?.name ?? '');
    this.#buffer = Buffer.allocUnsafeSlow(options.initialBytes ?? 64 * 1024);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes written since the last `reset`. */
  get bytes(): number {
    return this.#pos;
  }

  /** The lines so far. A view of the encoder's own buffer: valid until the next `add` or `reset`. */
  body(): Uint8Array {
    return this.#buffer.subarray(0, this.#pos);
  }

  /** Forgets the lines; keeps the buffer. */
  reset(): void {
    this.#pos = 0;
  }

  /** Appends one line. Null when done, else why the row cannot be a line; then nothing was written. */
  add(row: Row): string | null {
    const start = this.#pos;
    const reason = this.#line(row);
    if (reason !== null) this.#pos = start;
    return reason;
  }

  #line(row: Row): string | null {
    const ts = row['ts'];
    const wrong = timestampFault('ts', ts);
    if (wrong !== null) return wrong;
    const unknown = this.#symbolsOf(row);
    if (unknown !== null) return unknown;
    const firstField = this.#pos;
    for (const field of this.#fields) {
      const value = row[field.name];
      if (value === null || value === undefined) {
        if (field.required) return `${field.name} is missing`;
        continue;
      }
      const fault = this.#field(field, value);
      if (fault !== null) return fault;
    }
    // The separators before the first field and before `ts` are spaces; all others are commas.
    this.#room(64);
    if (this.#pos !== firstField) this.#buffer[firstField] = SPACE;
    this.#buffer[this.#pos++] = SPACE;
    this.#pos = writeInteger(this.#buffer, this.#pos, ts as number);
    this.#buffer[this.#pos++] = SUFFIX_MICROS;
    this.#buffer[this.#pos++] = NEWLINE;
    return null;
  }

  /** Table and symbols. */
  #symbolsOf(row: Row): string | null {
    let head = this.#head;
    if (head === null || !this.#fits(head, row)) {
      const known = this.#heads.get(row[this.#headKey]);
      head = known !== undefined && this.#fits(known, row) ? known : null;
    }
    if (head === null) return this.#newHead(row);
    this.#head = head;
    this.#room(head.bytes.length + 64);
    this.#copy(head.bytes);
    return null;
  }

  #fits({ values }: Head, row: Row): boolean {
    const symbols = this.#symbols;
    for (let i = 0; i < symbols.length; i++) if (row[(symbols[i] as Field).name] !== values[i]) return false;
    return true;
  }

  #newHead(row: Row): string | null {
    const start = this.#pos;
    this.#room(this.#table.length + 64);
    this.#copy(this.#table);
    for (const field of this.#symbols) {
      const value = row[field.name];
      if (value === null || value === undefined) {
        if (field.required) return `${field.name} is missing`;
        continue;
      }
      if (typeof value !== 'string') return `${field.name} is not a string (${shown(value)})`;
      const bytes = field.known.get(value) ?? remember(field, value);
      this.#room(bytes.length + 64);
      this.#copy(bytes);
    }
    const values = this.#symbols.map(({ name }) => row[name]);
    this.#head = { values, bytes: Uint8Array.from(this.#buffer.subarray(start, this.#pos)) };
    if (this.#heads.size >= MOST_CACHED_HEADS) this.#heads.clear();
    this.#heads.set(row[this.#headKey], this.#head);
    return null;
  }

  /** `,name=value` */
  #field(field: Field, value: unknown): string | null {
    const { run, type } = field;
    const counted = type === 'timestamp' || type === 'long' || type === 'int';
    const repeats = counted && value === run.value;
    if (repeats && run.bytes !== null) {
      this.#room(run.bytes.length + 64);
      this.#copy(run.bytes);
      return null;
    }
    const start = this.#pos;
    this.#room(field.prefix.length + 64);
    this.#copy(field.prefix);
    const fault = this.#value(field, value);
    if (fault !== null || !counted) return fault;
    run.value = value;
    run.bytes = repeats ? Uint8Array.from(this.#buffer.subarray(start, this.#pos)) : null;
    return null;
  }

  #value(field: Field, value: unknown): string | null {
    switch (field.type) {
      case 'double':
        if (typeof value !== 'number' || !Number.isFinite(value)) {
          return `${field.name} is not a finite number (${shown(value)})`;
        }
        this.#view.setFloat64(this.#pos, value + 0, true);
        this.#pos += 8;
        return null;
      case 'timestamp': {
        const fault = timestampFault(field.name, value);
        if (fault !== null) return fault;
        this.#pos = writeInteger(this.#buffer, this.#pos, value as number);
        this.#buffer[this.#pos++] = SUFFIX_MICROS;
        return null;
      }
      case 'int':
        if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > MAX_INT) {
          return `${field.name} is not a 32-bit integer (${shown(value)})`;
        }
        this.#pos = writeInteger(this.#buffer, this.#pos, value + 0);
        this.#buffer[this.#pos++] = SUFFIX_INTEGER;
        return null;
      case 'long':
        return this.#long(field.name, value);
      case 'boolean':
        if (typeof value !== 'boolean') return `${field.name} is not a boolean (${shown(value)})`;
        this.#buffer[this.#pos++] = value ? TRUE : FALSE;
        return null;
      default:
        if (typeof value !== 'string') return `${field.name} is not a string (${shown(value)})`;
        this.#room(textRoom(value) + 64);
        this.#pos = writeText(this.#buffer, this.#pos, value);
        return null;
    }
  }

  #long(name: string, value: unknown): string | null {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) return `${name} is not a safe integer (${shown(value)})`;
      this.#pos = writeInteger(this.#buffer, this.#pos, value + 0);
    } else if (typeof value === 'bigint') {
      // The smallest 64-bit integer is QuestDB's null.
      if (value > MAX_LONG || value < -MAX_LONG) return `${name} is not a 64-bit integer (${shown(value)})`;
      this.#pos += this.#buffer.write(value.toString(), this.#pos, 'latin1');
    } else {
      return `${name} is not an integer (${shown(value)})`;
    }
    this.#buffer[this.#pos++] = SUFFIX_INTEGER;
    return null;
  }

  #copy(bytes: Uint8Array): void {
    const buffer = this.#buffer;
    const length = bytes.length;
    const at = this.#pos;
    if (length > 96) {
      buffer.set(bytes, at);
    } else {
      for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] as number;
    }
    this.#pos = at + length;
  }

  #room(bytes: number): void {
    const needed = this.#pos + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#pos));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function timestampFault(name: string, value: unknown): string | null {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return value === null || value === undefined
      ? `${name} is missing`
      : `${name} is not an integer of microseconds (${shown(value)})`;
  }
  if (value < EARLIEST_TS_US || value >= LATEST_TS_US) {
    return `${name} is not a time in microseconds between 1971 and 2200 (${value})`;
  }
  return null;
}

function remember(field: Field, value: string): Uint8Array {
  if (field.known.size >= MOST_CACHED_SYMBOLS) field.known.clear();
  const bytes = Buffer.concat([field.prefix, symbolBytes(value)]);
  field.known.set(value, bytes);
  return bytes;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value).slice(0, 40);
}
