// Makes a backup while fxtape records. In: a database, a data folder, a store. Out: a document that names every file.
//
// The order makes a backup whole although rows arrive meanwhile. What claims that rows exist (coverage, gaps) is read before the rows, and
// the rows before the tape. So every row that is claimed is in the backup, and every row that is in the backup and still on the tape stands
// on the copied tape: a restored recorder sends its tape again, and equal keys make a repeated row harmless.
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Duck, readParquet, receiveParquet, type Store, withDuck } from '@fxtape/datasets';
import { STREAMED, type TableDef, type TableName, tables } from '@fxtape/market/tables';
import { type Clock, FxtapeError } from '@fxtape/ops';
import {
  type QuestDbHttp,
  MIGRATIONS_DIR,
  readMigrations,
  requireSettled,
  sqlTimestamp,
  type TableStretch,
  tableNames,
  tableStretches,
} from '@fxtape/questdb';
import { listSegments, listTapes, type Segment } from '@fxtape/tape';
import {
  type BackupDocument,
  type BackupFile,
  damaged,
  documentPath,
  filesOf,
  FORMAT,
  idAt,
  listBackups,
  msOf,
  readDocument,
} from './document.ts';

export interface BackupProgress {
  readonly rows: number;
  readonly ofRows: number;
}

/** `newBytes`: of files that no earlier backup had stored. */
export type MadeBackup = BackupDocument & { readonly newBytes: number };

export interface BackupOptions {
  readonly http: Pick<QuestDbHttp, 'exec' | 'exportParquet'>;
  readonly clock: Clock;
  readonly store: Store;
  readonly dataDir: string;
  /** Version of this release. */
  readonly fxtape: string;
  readonly demo: string | null;
  /** The text of the configuration, if there is one. */
  readonly config: string | null;
  /** Asked before the document is written; throws when what was read does not belong together. */
  readonly stillValid?: () => Promise<void>;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server sorts as many rows in memory. */
const ROWS_PER_FILE = 2_000_000;
const SETTLES_MS = 30_000;
const DEADLINE_MS = 90_000;
/** A segment is renamed when it is compressed and removed by retention. */
const TAPE_TRIES = 5;

const ROW_TABLES: ReadonlySet<string> = new Set([
  ...STREAMED.map(({ table }) => table),
  'bars',
  'deals',
  'positions',
]);

type SavedTable = TableDef & { readonly name: TableName };

/** What claims rows, then rows, then their older versions: no row stands in a backup without the version that it replaced. */
const placeOf = (name: string): number => (name.endsWith('_revisions') ? 2 : ROW_TABLES.has(name) ? 1 : 0);

const inOrder = (): SavedTable[] =>
  (Object.values(tables) as readonly SavedTable[]).toSorted((a, b) => placeOf(a.name) - placeOf(b.name));

/** Errors: BACKUP_OF_ANOTHER, SCHEMA_NEWER, BACKUP_CUT_SHORT, QDB_*, DATASET_FILE_WRONG, DATASET_STORE_*, TAPE_IO. */
export async function backUp(options: BackupOptions): Promise<MadeBackup> {
  const { clock, config, dataDir, demo, fxtape, store } = options;
  const id = await nextId(options);
  const before: ReadonlySet<string> = await storedPaths(store, options.signal);
  const stored = new Set(before);
  const schema = await schemaOf(options);
  const recorder = await recorderOf(dataDir);
  const saved = await withDuck((duck) => saveTables(duck, stored, options));
  const tapes = await saveTapes(stored, options);
  const made: BackupDocument = {
    format: FORMAT,
    id,
    began: new Date(msOf(id)).toISOString(),
    ended: new Date(clock.nowMs()).toISOString(),
    fxtape,
    schema,
    recorder,
    demo,
    config,
    tables: saved,
    tapes,
  };
  await requireStored(made, store, options.signal);
  await options.stillValid?.();
  const isNew = await store.putIfAbsent(documentPath(id), Buffer.from(JSON.stringify(made)), options.signal);
  if (!isNew) throw damaged(documentPath(id), 'another backup began in the same millisecond');
  const newBytes = filesOf(made)
    .filter(({ path }) => !before.has(path))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  return { ...made, newBytes };
}

/** Later than every other, even if somebody has set the clock back. @throws BACKUP_OF_ANOTHER */
async function nextId({ clock, dataDir, demo, signal, store }: BackupOptions): Promise<string> {
  const newest = (await listBackups(store, signal)).at(-1);
  if (newest === undefined) return idAt(clock.nowMs());
  const before = await readDocument(store, newest, signal);
  const recorder = await recorderOf(dataDir);
  if (before.demo !== demo || (before.recorder !== null && recorder !== null && before.recorder !== recorder))
    throw new FxtapeError({
      code: 'BACKUP_OF_ANOTHER',
      message: `${store.address} has backups of ${before.demo === null ? `the recorder ${before.recorder}` : `the demonstration ${before.demo}`}, and this is ${demo === null ? `the recorder ${recorder}` : `the demonstration ${demo}`}`,
      context: { address: store.address, newest },
    });
  return idAt(Math.max(clock.nowMs(), msOf(newest) + 1));
}

async function recorderOf(dataDir: string): Promise<string | null> {
  const id = await readFile(join(dataDir, 'recorder-id'), 'utf8').catch(nullIfMissing);
  return id?.trim() ?? null;
}

/** The newest migration that has run. @throws SCHEMA_NEWER when this release does not know it: tables would be left out */
async function schemaOf({ http, signal }: BackupOptions): Promise<number> {
  const { dataset } = await http.exec('SELECT max(version) FROM schema_migrations', { signal });
  const newest = Number(dataset[0]?.[0] ?? 0);
  const known = (await readMigrations(MIGRATIONS_DIR)).length;
  if (newest <= known) return newest;
  throw new FxtapeError({
    code: 'SCHEMA_NEWER',
    message: `this database was migrated by a newer release (migration ${newest}, this release knows ${known})`,
    context: { newest, known },
  });
}

/** What earlier backups, or one that was cut off, have stored. */
async function storedPaths(store: Store, signal?: AbortSignal): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const folder of ['tables/', 'tape/'])
    for await (const { path } of store.list(folder, signal)) paths.add(path);
  return paths;
}

async function saveTables(
  duck: Duck,
  stored: Set<string>,
  options: BackupOptions,
): Promise<BackupDocument['tables']> {
  const { clock, http, onProgress, signal } = options;
  // An older release has fewer tables.
  const there = new Set(await tableNames(http));
  const all = inOrder().filter(({ name }) => there.has(name));
  await requireSettled(
    http,
    clock,
    all.map(({ name }) => name),
    { waitMs: SETTLES_MS, signal },
  );
  const ofRows = await countAll(http, all, signal);
  let rows = 0;
  const saved: BackupDocument['tables'] = [];
  for (const def of all) {
    const { name } = def;
    const files: BackupDocument['tables'][number]['files'] = [];
    for (const stretch of await tableStretches(http, name, ROWS_PER_FILE, { signal })) {
      const file = await saveStretch(duck, def, stretch, stored, options);
      if (file === null) continue;
      files.push(file);
      rows += file.rows;
      onProgress?.({ rows, ofRows: Math.max(ofRows, rows) });
    }
    saved.push({ name, rows: files.reduce((sum, each) => sum + each.rows, 0), files });
  }
  return saved;
}

async function countAll(
  http: BackupOptions['http'],
  all: readonly SavedTable[],
  signal?: AbortSignal,
): Promise<number> {
  let rows = 0;
  for (const { name } of all) rows += await countRows(http, `SELECT count() FROM ${name}`, signal);
  return rows;
}

async function countRows(http: BackupOptions['http'], sql: string, signal?: AbortSignal): Promise<number> {
  const { dataset } = await http.exec(sql, { signal, deadlineMs: DEADLINE_MS });
  return Number(dataset[0]?.[0]);
}

/** A file that was there at the beginning may have been pruned by another process since. */
async function requireStored(
  made: Pick<BackupDocument, 'tables' | 'tapes'>,
  store: Store,
  signal?: AbortSignal,
): Promise<void> {
  const there = await storedPaths(store, signal);
  for (const { path } of filesOf(made))
    if (!there.has(path))
      throw new FxtapeError({
        code: 'BACKUP_CUT_SHORT',
        message: `${path} was removed by another process meanwhile`,
        context: { path },
      });
}

/**
 * Rows in the order of their keys: the same rows give the same bytes, in whatever order they arrived. The order matters for another reason
 * too: without a sort, QuestDB 9.3.4 exports a VARCHAR column as null where every value of a partition has at most nine bytes.
 */
async function saveStretch(
  duck: Duck,
  { keys, name: table }: SavedTable,
  { fromUs, toUs }: TableStretch,
  stored: Set<string>,
  options: BackupOptions,
): Promise<(BackupFile & { rows: number }) | null> {
  const { http, signal, store } = options;
  const range = `FROM ${table} WHERE ts >= ${sqlTimestamp(fromUs)} AND ts < ${sqlTimestamp(toUs)}`;
  const least = await countRows(http, `SELECT count() ${range}`, signal);
  if (least === 0) return null;
  const sql = `SELECT * ${range} ORDER BY ${keys.join(', ')}`;
  const local = join(store.stagingDir, `${randomUUID()}.parquet`);
  try {
    const got = await receiveParquet(local, await http.exportParquet(sql, { signal }), signal);
    const [counted] = await duck.rows<{ n: bigint }>(`SELECT count(*) n FROM ${readParquet(local)}`);
    const rows = Number(counted?.n);
    // More may have come since; rows never leave a stretch but with the whole of it.
    if (rows < least) throw cutShort(table, rows, least);
    const path = `tables/${table}/${idAt(fromUs / 1000)}-${got.sha256.slice(0, 24)}.parquet`;
    await storeOnce(path, local, stored, store, signal);
    return { path, ...got, rows };
  } finally {
    await rm(local, { force: true });
  }
}

async function storeOnce(
  path: string,
  local: string,
  stored: Set<string>,
  store: Store,
  signal?: AbortSignal,
): Promise<void> {
  if (stored.has(path)) return;
  await store.putFile(path, local, signal);
  stored.add(path);
}

async function saveTapes(stored: Set<string>, options: BackupOptions): Promise<BackupDocument['tapes']> {
  const folder = join(options.dataDir, 'tape');
  const saved: BackupDocument['tapes'] = [];
  for (const account of await listTapes(folder)) {
    const files = await saveTape(account, join(folder, account), stored, options);
    if (files.length > 0) saved.push({ account, files });
  }
  return saved;
}

type TapeFiles = BackupDocument['tapes'][number]['files'];

/** Segments may be compressed or removed meanwhile: the list is then read again; what was stored before is not stored twice. */
async function saveTape(
  account: string,
  dir: string,
  stored: Set<string>,
  options: BackupOptions,
): Promise<TapeFiles> {
  const known = new Map<string, TapeFiles[number]>();
  for (let attempt = 1; ; attempt++) {
    const files: TapeFiles = [];
    const segments = await listSegments(dir);
    try {
      for (const [i, segment] of segments.entries()) {
        const isClosed = i < segments.length - 1;
        const before = known.get(segment.path);
        const file =
          isClosed && before !== undefined ? before : await saveSegment(account, segment, stored, options);
        if (file === null) continue;
        known.set(segment.path, file);
        files.push(file);
      }
      return files;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === TAPE_TRIES) throw error;
    }
  }
}

/** Null for a segment without a whole line. Errors: ENOENT when it went away. */
async function saveSegment(
  account: string,
  { compressed, path, segment }: Segment,
  stored: Set<string>,
  { signal, store }: BackupOptions,
): Promise<TapeFiles[number] | null> {
  signal?.throwIfAborted();
  // At most 32 MB, but for a single batch that is larger.
  const all = await readFile(path);
  const bytes = compressed ? all : all.subarray(0, all.lastIndexOf(0x0a) + 1);
  if (bytes.length === 0) return null;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const day = new Date(segment / 1000).toISOString().slice(0, 10).replaceAll('-', '');
  const digits = String(segment).padStart(16, '0');
  const ending = compressed ? '.ndjson.zst' : '.ndjson';
  const to = `tape/${account}/${day}/${digits}-${sha256.slice(0, 24)}${ending}`;
  if (!stored.has(to)) {
    const local = join(store.stagingDir, `${randomUUID()}.segment`);
    try {
      await writeFile(local, bytes, { flush: true });
      await storeOnce(to, local, stored, store, signal);
    } finally {
      await rm(local, { force: true });
    }
  }
  return { path: to, name: `${day}/${digits}${ending}`, bytes: bytes.length, sha256 };
}

const nullIfMissing = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};

const cutShort = (table: string, rows: number, least: number): FxtapeError =>
  new FxtapeError({
    code: 'BACKUP_CUT_SHORT',
    message: `the export of \`${table}\` has ${rows} rows where the table has ${least}`,
    context: { table, rows, least },
  });
