// Brings a backup back. In: a document, its store, an empty database and an empty data folder. Out: rows and tapes as they were. Every file is
// checked before it is used. Keys make a repetition harmless: a restore that was cut off is run again.
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Duck, duckName, readParquet, sha256Of, type Store, withDuck } from '@fxtape/datasets';
import {
  type Column,
  type Row,
  type RowInput,
  type TableDef,
  type TableName,
  tables,
} from '@fxtape/market/tables';
import { type Clock, FxtapeError, type Log } from '@fxtape/ops';
import { type QuestDbHttp, requireSettled, tableNames, TableWriter, type WriterState } from '@fxtape/questdb';
import { lockTape, markRestored } from '@fxtape/tape';
import { type BackupDocument, type BackupFile, damaged, newer } from './document.ts';

export interface RestoreDatabase {
  readonly http: Pick<QuestDbHttp, 'exec' | 'write'>;
  readonly clock: Clock;
  readonly log: Log;
}

type RestoredTable = TableDef & { readonly name: TableName };

export interface RestoreOptions {
  readonly store: Store;
  readonly onProgress?: ((progress: { rows: number; ofRows: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BATCH_ROWS = 20_000;
/** About so many characters of text are in one batch at most. */
const BATCH_CHARS = 8_000_000;
const DEADLINE_MS = 90_000;
const SETTLES_MS = 1_800_000;
const STUCK_MS = 60_000;

/**
 * Writes every row of a backup and compares the counts. The tables exist. Errors: BACKUP_DAMAGED, BACKUP_NEWER, RESTORE_ROW_REFUSED, those of
 * store and database.
 */
export async function restoreRows(
  backup: BackupDocument,
  database: RestoreDatabase,
  { onProgress, signal = new AbortController().signal, store }: RestoreOptions,
): Promise<void> {
  const defs = tablesOf(backup);
  const stuck = new AbortController();
  const either = AbortSignal.any([signal, stuck.signal]);
  const watch = new StuckWatch(stuck);
  const writer = new TableWriter({ ...database, random: Math.random, onState: (state) => watch.see(state) });
  const ofRows = backup.tables.reduce((sum, { rows }) => sum + rows, 0);
  let rows = 0;
  await withDuck(async (duck) => {
    // What claims rows comes last: nobody may see a claim without its rows.
    for (const saved of backup.tables.toReversed()) {
      const def = defs.get(saved.name);
      if (def === undefined) continue;
      for (const file of saved.files) {
        await withFile(file, store, signal, (local) => restoreFile(duck, local, def, writer, either));
        rows += file.rows;
        onProgress?.({ rows, ofRows });
      }
      if (saved.rows === 0) continue;
      await requireSettled(database.http, database.clock, [def.name], { waitMs: SETTLES_MS, signal });
      await requireRows(database.http, def.name, saved.rows, signal);
    }
  }).finally(() => {
    watch.end();
    writer.close();
  });
}

/** A writer repeats for ever what the database does not take; a person who waits for a restore wants to know. */
class StuckWatch {
  readonly #stuck: AbortController;
  #timer: NodeJS.Timeout | null = null;

  constructor(stuck: AbortController) {
    this.#stuck = stuck;
  }

  see({ code, message, phase, table }: WriterState): void {
    this.end();
    if (phase === 'ok') return;
    const error = new FxtapeError({
      code: 'RESTORE_STUCK',
      message:
        `\`${table}\` has not been written for ${STUCK_MS / 1000} s: ${code ?? ''} ${message ?? ''}`.trim(),
      context: { table, code },
    });
    this.#timer = setTimeout(() => this.#stuck.abort(error), STUCK_MS);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** Two rows of a backup never have equal keys: fewer rows mean loss, more mean another writer. */
async function requireRows(
  http: RestoreDatabase['http'],
  table: string,
  rows: number,
  signal: AbortSignal,
): Promise<void> {
  const { dataset } = await http.exec(`SELECT count() FROM ${table}`, { signal, deadlineMs: DEADLINE_MS });
  const stored = Number(dataset[0]?.[0]);
  if (stored === rows) return;
  throw new FxtapeError({
    code: 'RESTORE_COUNTS_DIFFER',
    message: `${rows} rows of \`${table}\` were restored, and the table has ${stored}`,
    context: { table, rows, stored },
  });
}

/** The tables that hold rows; tables that are not there hold none. Errors: as `exec`. */
export async function tablesWithRows(http: RestoreDatabase['http'], signal?: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const there = new Set(await tableNames(http));
  for (const { name } of Object.values(tables).filter((def) => there.has(def.name))) {
    const { dataset } = await http.exec(`SELECT count() FROM ${name}`, { signal, deadlineMs: DEADLINE_MS });
    if (Number(dataset[0]?.[0]) > 0) found.push(name);
  }
  return found;
}

/** The definitions of its tables; all are known. */
function tablesOf({ id, tables: saved }: BackupDocument): ReadonlyMap<string, RestoredTable> {
  const defs = new Map<string, RestoredTable>(
    (Object.values(tables) as readonly RestoredTable[]).map((def) => [def.name, def]),
  );
  for (const { name, rows } of saved)
    if (rows > 0 && !defs.has(name)) throw newer(id, `this release has no table \`${name}\``);
  return defs;
}

async function restoreFile(
  duck: Duck,
  local: string,
  def: RestoredTable,
  writer: TableWriter,
  signal: AbortSignal,
): Promise<void> {
  // An older release had fewer columns.
  const described = await duck.rows<{ column_name: string }>(
    `SELECT column_name FROM (DESCRIBE SELECT * FROM ${readParquet(local)})`,
  );
  const there = new Set(described.map((row) => row.column_name));
  const columns = def.columns.filter(({ name }) => there.has(name));
  const list = columns.map(readSql).join(', ');
  let batch: RowInput<TableName>[] = [];
  let chars = 0;
  for await (const chunk of duck.chunks(`SELECT ${list} FROM ${readParquet(local)}`, signal)) {
    for (const values of chunk.getRows()) {
      batch.push(rowOf(columns, values) as RowInput<TableName>);
      for (const value of values) if (typeof value === 'string') chars += value.length;
      if (batch.length < BATCH_ROWS && chars < BATCH_CHARS) continue;
      await submit(writer, def.name, batch, signal);
      batch = [];
      chars = 0;
    }
  }
  if (batch.length > 0) await submit(writer, def.name, batch, signal);
}

async function submit(
  writer: TableWriter,
  table: TableName,
  rows: readonly RowInput<TableName>[],
  signal: AbortSignal,
): Promise<void> {
  const { condemned } = await writer.submit(table, rows, { signal });
  const [first] = condemned;
  if (first === undefined) return;
  throw new FxtapeError({
    code: 'RESTORE_ROW_REFUSED',
    message: `\`${table}\` refuses a row: ${first.reason}`,
    context: { table, row: first.row },
  });
}

const readSql = ({ name, type }: Column): string =>
  type === 'timestamp' ? `epoch_us(${duckName(name)})` : duckName(name);

function rowOf(columns: readonly Column[], values: readonly unknown[]): Row {
  const row: Record<string, unknown> = {};
  for (const [i, { name }] of columns.entries()) {
    const value = values[i];
    row[name] =
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : (value ?? null);
  }
  return row;
}

/**
 * Segments appear under their names when they are whole; nobody else writes the tapes meanwhile. `database`: identity of the one that gets the
 * rows. Errors: BACKUP_DAMAGED, TAPE_LOCKED, those of the store and the disk.
 */
export async function restoreTapes(
  { tapes }: BackupDocument,
  folder: string,
  { database, signal, store }: RestoreOptions & { readonly database: string },
): Promise<void> {
  for (const { account, files } of tapes) {
    const lock = lockTape(join(folder, account));
    try {
      await restoreTape(join(folder, account), files, store, signal);
      await markRestored(join(folder, account), database);
    } finally {
      lock.release();
    }
  }
}

async function restoreTape(
  dir: string,
  files: BackupDocument['tapes'][number]['files'],
  store: Store,
  signal?: AbortSignal,
): Promise<void> {
  for (const file of files) {
    const to = join(dir, ...file.name.split('/'));
    await withFile(file, store, signal, async (local) => {
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await copyFile(local, `${to}.partial`);
      await rename(`${to}.partial`, to);
    });
  }
}

async function withFile(
  file: BackupFile,
  store: Store,
  signal: AbortSignal | undefined,
  use: (local: string) => Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  try {
    await store.withLocal(
      file.path,
      async (local) => {
        if ((await sha256Of(local)) !== file.sha256)
          throw damaged(file.path, 'its bytes are not those that were written');
        await use(local);
      },
      signal,
    );
  } catch (error) {
    if (error instanceof FxtapeError && error.code === 'DATASET_FILE_MISSING')
      throw damaged(file.path, 'it is missing');
    throw error;
  }
}
