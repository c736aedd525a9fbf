// What the tests of DatasetSource share. In: rows, and slices. Out: the rows written in batches of any order, and what DuckDB reads in a
// slice's Parquet file: rows as plain values (timestamps as microseconds), types, row groups.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Selection, Slice } from '@fxtape/datasets';
import { type RowInput, type TableName, tableDef } from '@fxtape/market/tables';
import { createLog, systemClock } from '@fxtape/ops';
import { DatasetSource, encodeRows, migrate, QuestDbHttp, requireSettled } from '@fxtape/questdb';
import { tempDir } from '@fxtape/testkit';
import { expect } from 'vitest';

export type Plain = Readonly<Record<string, string | number | null>>;

export interface ReadFile {
  readonly rows: readonly Plain[];
  /** Column → DuckDB's type, in the order of the file. */
  readonly types: Readonly<Record<string, string>>;
  readonly rowGroups: number;
  readonly codecs: readonly string[];
}

export class DatasetRig {
  readonly clock = systemClock();
  readonly http: QuestDbHttp;
  readonly source: DatasetSource;
  readonly #dir = tempDir('dataset-source');
  readonly #duck: DuckDBInstance;
  #files = 0;

  static async open(conf: string): Promise<DatasetRig> {
    const rig = new DatasetRig(conf, await DuckDBInstance.create(':memory:'));
    await migrate({ client: rig.http, log: createLog({ service: 'test', level: 'silent' }) });
    return rig;
  }

  private constructor(conf: string, duck: DuckDBInstance) {
    this.http = new QuestDbHttp({ conf });
    this.source = new DatasetSource({ http: this.http, clock: this.clock });
    this.#duck = duck;
  }

  async close(): Promise<void> {
    this.http.close();
    this.#duck.closeSync();
    await this.#dir.remove();
  }

  /** Each batch is a commit of its own. */
  async write<N extends TableName>(table: N, ...batches: readonly (readonly RowInput<N>[])[]): Promise<void> {
    for (const rows of batches) {
      const { body, refused } = encodeRows(tableDef(table), rows as never);
      expect(refused).toEqual([]);
      expect(await this.http.write(table, body)).toEqual({ kind: 'stored' });
    }
    await requireSettled(this.http, this.clock, [table], { waitMs: 30_000 });
  }

  /** The file of a slice. */
  async file(slice: Slice): Promise<string> {
    this.#files += 1;
    const path = join(this.#dir.path, `${this.#files}.parquet`);
    await pipeline(await this.source.parquet(slice), createWriteStream(path));
    return path;
  }

  async read(slice: Slice): Promise<ReadFile> {
    const path = await this.file(slice);
    const duck = await this.#duck.connect();
    try {
      const ask = async (sql: string) => (await duck.runAndReadAll(sql)).getRows();
      const described = await ask(`DESCRIBE SELECT * FROM read_parquet('${path}')`);
      const types = Object.fromEntries(described.map(([name, type]) => [String(name), String(type)]));
      const list = Object.entries(types).map(([name, type]) =>
        type.startsWith('TIMESTAMP') ? `epoch_us("${name}") "${name}"` : `"${name}"`,
      );
      const rows = await ask(`SELECT ${list.join(', ')} FROM read_parquet('${path}')`);
      const names = Object.keys(types);
      const chunks = await ask(
        `SELECT row_group_id, compression FROM parquet_metadata('${path}') GROUP BY ALL ORDER BY ALL`,
      );
      return {
        types,
        rows: rows.map((row) => Object.fromEntries(row.map((value, i) => [names[i], plain(value)]))),
        rowGroups: new Set(chunks.map(([id]) => String(id))).size,
        codecs: [...new Set(chunks.map(([, codec]) => String(codec)))],
      };
    } finally {
      duck.closeSync();
    }
  }
}

function plain(value: unknown): string | number | null {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value === null || typeof value === 'number' || typeof value === 'string') return value;
  throw new TypeError(`a value of type ${typeof value}`);
}

/** All there is of a kind, of nobody in particular. */
export const selection = (
  more: Partial<Selection> & Pick<Selection, 'kind' | 'fromUs' | 'toUs'>,
): Selection => ({
  feeds: [],
  symbols: [],
  accounts: [],
  timeframes: [],
  asOfUs: null,
  reception: false,
  resample: null,
  ...more,
});

/** Numbers from 0 to 1 that follow from a seed. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The same rows in another order, in batches. */
export function shuffled<T>(rows: readonly T[], random: () => number, batches: number): T[][] {
  const keyed = rows.map((row) => ({ row, at: random() })).toSorted((a, b) => a.at - b.at);
  const size = Math.ceil(rows.length / batches);
  return Array.from({ length: batches }, (_, i) =>
    keyed.slice(i * size, (i + 1) * size).map(({ row }) => row),
  ).filter((batch) => batch.length > 0);
}
