// DuckDB inside this process: reads and writes local Parquet and CSV files. In: SQL. Out: rows, or chunks of columns. It uses at most two
// threads and 256 MB of memory.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';

const SETTINGS = {
  threads: '2',
  memory_limit: '256MB',
  // Rows must come in the order of the file.
  preserve_insertion_order: 'true',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  // A file may be replaced under the same name, so it is never read from a cache.
  enable_external_file_cache: 'false',
};

let opened = 0;

/** Calls `use` with a DuckDB of its own and closes it afterwards. What does not fit in memory goes to the system's temporary folder. */
export async function withDuck<T>(use: (duck: Duck) => Promise<T>): Promise<T> {
  // A native module of 70 MB: loaded only when it is needed.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  opened += 1;
  const spill = join(tmpdir(), `fxtape-duckdb-${process.pid}-${opened}`);
  const instance = await DuckDBInstance.create(':memory:', { ...SETTINGS, temp_directory: spill });
  try {
    const connection = await instance.connect();
    try {
      return await use(new Duck(connection));
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

export class Duck {
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** The result in chunks of at most 2,048 rows, in order. */
  async *chunks(sql: string, signal?: AbortSignal): AsyncGenerator<DuckDBDataChunk> {
    const result = await this.#connection.stream(sql);
    for (;;) {
      signal?.throwIfAborted();
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk;
    }
  }

  /** All rows of a small result. 64-bit integers are bigint. */
  async rows<R extends object>(sql: string): Promise<R[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRowObjectsJS() as R[];
  }

  /** A statement whose result is not needed. */
  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }
}

/** The rows of Parquet files as SQL. A folder such as `symbol=EURUSD` in their path is not a column of theirs. */
export const readParquet = (...files: readonly string[]): string =>
  `read_parquet([${files.map(duckText).join(', ')}], hive_partitioning = false)`;

/** A text as a quoted SQL literal. */
export const duckText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A name as a quoted SQL identifier. */
export const duckName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
