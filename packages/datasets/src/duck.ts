// DuckDB inside this process: reads Parquet files that lie on this machine. In: SQL. Out: chunks of columns. It writes nothing but
// temporary files, and takes no more than two threads and 256 MB.
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
  // A file that is made anew under its name must be read anew.
  enable_external_file_cache: 'false',
};

let opened = 0;

/** Opens DuckDB in memory for as long as `use` runs. What does not fit into its memory goes to the system's temporary folder. */
export async function withDuck<T>(use: (duck: Duck) => Promise<T>): Promise<T> {
  // A native module of 70 MB: loaded by who needs it.
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

  /** The chunks of an answer, at most 2,048 rows each, in order. */
  async *chunks(sql: string, signal?: AbortSignal): AsyncGenerator<DuckDBDataChunk> {
    const result = await this.#connection.stream(sql);
    for (;;) {
      signal?.throwIfAborted();
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk;
    }
  }

  /** A small answer. Integers come as bigint where their type has 64 bits. */
  async rows<R extends object>(sql: string): Promise<R[]> {
    const reader = await this.#connection.runAndReadAll(sql);
    return reader.getRowObjectsJS() as R[];
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }
}

/** A text as a literal of a statement. */
export const duckText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A name as an identifier. */
export const duckName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
