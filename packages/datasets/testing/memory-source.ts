// Rows of a dataset from a DuckDB table, for tests that need no QuestDB. In: rows as objects. Out: the same answers that a database gives.
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DuckDBInstance } from '@duckdb/node-api';
import { DAY_US } from '../src/calendar.ts';
import { duckName, duckText } from '../src/duck.ts';
import type { DatasetKind } from '../src/kinds.ts';
import { fileColumns } from '../src/schema.ts';
import type {
  DayRows,
  Extent,
  KnownClockRule,
  KnownCondition,
  KnownCorrection,
  KnownGap,
  RowSource,
  Selection,
  Slice,
  UncoveredRange,
} from '../src/source.ts';

type Value = string | number | bigint | null;
export type MemoryRow = Readonly<Record<string, Value>>;

const DUCK_TYPES = {
  timestamp: 'TIMESTAMPTZ',
  symbol: 'VARCHAR',
  varchar: 'VARCHAR',
  double: 'DOUBLE',
  long: 'BIGINT',
  int: 'INTEGER',
  boolean: 'BOOLEAN',
} as const;

export class MemorySource implements RowSource {
  /** What is known beside the rows; tests set it. */
  gapList: readonly KnownGap[] = [];
  holes: readonly UncoveredRange[] = [];
  rules: readonly KnownClockRule[] = [];
  verdicts: readonly KnownCondition[] = [];
  corrected: readonly KnownCorrection[] = [];
  /** Called with each exported slice before its rows are sent; it may add rows, or throw. */
  onExport: (slice: Slice) => void | Promise<void> = () => {};
  exports = 0;
  readonly #kind: DatasetKind;
  readonly #dir: string;
  readonly #rows: MemoryRow[] = [];

  constructor(kind: DatasetKind, dir: string) {
    this.#kind = kind;
    this.#dir = dir;
  }

  /** The rows, to be changed at will. */
  get rows(): MemoryRow[] {
    return this.#rows;
  }

  version(): Promise<string> {
    return Promise.resolve('memory');
  }

  days(selection: Selection): Promise<DayRows[]> {
    const days = new Map<string, { first: MemoryRow; dayUs: number; rows: number; stampUs: number | null }>();
    for (const row of this.#of(selection)) {
      const dayUs = Math.floor(Number(row[this.#kind.time]) / DAY_US) * DAY_US;
      const key = JSON.stringify([...this.#kind.series.map((column) => row[column]), dayUs]);
      const day = days.get(key) ?? { first: row, dayUs, rows: 0, stampUs: null };
      day.rows += 1;
      day.stampUs = Math.max(day.stampUs ?? 0, Number(row[this.#kind.stamp]));
      days.set(key, day);
    }
    const list = [...days.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    return Promise.resolve(
      list.map(([, { dayUs, first, rows, stampUs }]) => ({
        series: this.#series(first),
        dayUs,
        rows,
        stampUs,
      })),
    );
  }

  extent(slice: Slice): Promise<Extent> {
    const rows = this.#in(slice);
    const times = rows.map((row) => Number(row[this.#kind.time]));
    const stamps = rows.map((row) => Number(row[this.#kind.stamp]));
    const none = rows.length === 0;
    return Promise.resolve({
      rows: rows.length,
      firstUs: none ? null : Math.min(...times),
      lastUs: none ? null : Math.max(...times),
      stampUs: none ? null : Math.max(...stamps),
    });
  }

  async parquet(slice: Slice): Promise<Readable> {
    this.exports += 1;
    await this.onExport(slice);
    const file = join(this.#dir, `export-${this.exports}.parquet`);
    const columns = fileColumns(this.#kind, slice.selection);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const defs = columns.map(({ name, type }) => `${duckName(name)} ${DUCK_TYPES[type]}`);
    const order = this.#kind.order.filter((name) => columns.some((column) => column.name === name));
    try {
      await connection.run(`CREATE TABLE t (${defs.join(', ')}, nth INTEGER)`);
      const rows = this.#in(slice).map((row, i) => {
        const values = columns.map(({ name, type }) => literal(row[name] ?? null, type));
        return `(${values.join(', ')}, ${i})`;
      });
      for (let i = 0; i < rows.length; i += 500)
        await connection.run(`INSERT INTO t VALUES ${rows.slice(i, i + 500).join(', ')}`);
      await connection.run(
        `COPY (SELECT * EXCLUDE nth FROM t ORDER BY ${[...order.map(duckName), 'nth'].join(', ')}) TO ${duckText(file)} (FORMAT parquet)`,
      );
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
    const stream = createReadStream(file);
    stream.on('close', () => void rm(file, { force: true }));
    return stream;
  }

  gaps(): Promise<readonly KnownGap[]> {
    return Promise.resolve(this.gapList);
  }

  uncovered(): Promise<readonly UncoveredRange[]> {
    return Promise.resolve(this.holes);
  }

  clockRules(): Promise<readonly KnownClockRule[]> {
    return Promise.resolve(this.rules);
  }

  conditions(): Promise<readonly KnownCondition[]> {
    return Promise.resolve(this.verdicts);
  }

  corrections(): Promise<readonly KnownCorrection[]> {
    return Promise.resolve(this.corrected);
  }

  oldestUs(): Promise<number | null> {
    if (this.#rows.length === 0) return Promise.resolve(null);
    return Promise.resolve(Math.min(...this.#rows.map((row) => Number(row[this.#kind.time]))));
  }

  #series(row: MemoryRow): Record<string, string> {
    return Object.fromEntries(this.#kind.series.map((column) => [column, String(row[column])]));
  }

  #of({ fromUs, symbols, toUs }: Pick<Selection, 'fromUs' | 'symbols' | 'toUs'>): MemoryRow[] {
    return this.#rows.filter((row) => {
      const us = Number(row[this.#kind.time]);
      const isNamed = symbols.length === 0 || symbols.includes(String(row['symbol']));
      return us >= fromUs && us < toUs && isNamed;
    });
  }

  #in(slice: Slice): MemoryRow[] {
    const series = Object.entries(slice.series);
    return this.#of({ ...slice, symbols: [] }).filter((row) =>
      series.every(([column, value]) => row[column] === value),
    );
  }
}

function literal(value: Value, type: keyof typeof DUCK_TYPES): string {
  if (value === null) return 'NULL';
  if (type === 'timestamp') return `make_timestamptz(${value})`;
  return typeof value === 'string' ? duckText(value) : String(value);
}
