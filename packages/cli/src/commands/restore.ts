// `fxtape restore`: brings a backup into an empty data folder and an empty database, which it starts where none is given. In: an address.
// Out: a folder from which `fxtape up` goes on recording. A restore that was cut off goes on with the same command; until then nothing
// records into the folder.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type BackupDocument,
  newestBackup,
  restoreRows,
  restoreTapes,
  sizeOf,
  tablesWithRows,
} from '@fxtape/backup';
import { openStore, type Store } from '@fxtape/datasets';
import { createLog, FxtapeError, readRestoreNote, type RestoreNote, systemClock } from '@fxtape/ops';
import { databaseIdentity, migrate, MIGRATIONS_DIR, QuestDbHttp, readMigrations } from '@fxtape/questdb';
import { ensureStack, writePrivate } from '@fxtape/stack';
import { listTapes } from '@fxtape/tape';
import { endRestore, noteRestore } from '../backup/notes.ts';
import { holdDataDir, openDataDir, refuseBesideUp } from '../data-dir.ts';
import { rowProgress } from '../dataset/row-progress.ts';
import { type CliEnv, demoDataDir, processEnv, readCliEnv } from '../env.ts';
import { untilStopped } from '../interrupt.ts';
import { err, out } from '../print/out.ts';
import { count, spellBytes, spellDuration } from '../print/quantity.ts';

export interface RestoreCommandOptions {
  /** Microseconds UTC: the newest backup that had begun by then. */
  readonly at?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Resolves with the exit code. Errors: BACKUP_*, RESTORE_*, ENGINE_*, DATA_DIR_UNUSABLE, ALREADY_RUNNING, QDB_*, DATASET_*, ENV_INVALID. */
export async function restore(address: string, options: RestoreCommandOptions): Promise<number> {
  const env = readCliEnv();
  const store = await openStore(address);
  try {
    return await untilStopped(
      'Stopped. What has begun goes on with the same command; until then nothing records into that folder.',
      async (signal) => {
        const atMs = options.at === undefined ? undefined : options.at / 1000;
        const backup = await newestBackup(store, { atMs, signal });
        await requireKnownSchema(backup);
        const dataDir = resolve(
          backup.demo === null ? env.FXTAPE_DATA_DIR : demoDataDir(env.FXTAPE_DATA_DIR, backup.demo),
        );
        const startedMs = performance.now();
        const config =
          options.dryRun === true ? null : await bringBack({ backup, store, dataDir, env, options, signal });
        print({ backup, dataDir, config, options, ms: performance.now() - startedMs });
        return 0;
      },
    );
  } finally {
    store.close();
  }
}

/** @throws BACKUP_NEWER */
async function requireKnownSchema({ id, schema }: BackupDocument): Promise<void> {
  const known = (await readMigrations(MIGRATIONS_DIR)).length;
  if (schema <= known) return;
  throw new FxtapeError({
    code: 'BACKUP_NEWER',
    message: `the backup ${id} has tables of migration ${schema}, this release knows ${known}`,
    context: { id, schema, known },
  });
}

interface Restoring {
  readonly backup: BackupDocument;
  readonly store: Store;
  readonly dataDir: string;
  readonly env: CliEnv;
  readonly options: RestoreCommandOptions;
  readonly signal: AbortSignal;
}

type ConfigFate = 'written' | 'equal' | 'kept' | 'aside' | 'none';

async function bringBack({ backup, dataDir, env, options, signal, store }: Restoring): Promise<ConfigFate> {
  refuseBesideUp(dataDir);
  openDataDir(dataDir);
  // An `up` that is started meanwhile is refused.
  holdDataDir(dataDir, 'up');
  const before = readRestoreNote(dataDir);
  await requireEmptyFolder(dataDir, before, backup.id);
  const log = createLog({ service: 'fxtape', level: 'silent', write: () => {} });
  const clock = systemClock();
  const tell = { info: () => {}, warn: (text: string) => err(`${text}\n`) };
  const stack = await ensureStack({ env: processEnv(), dataDir, log: tell });
  const http = new QuestDbHttp({ conf: stack.env.QDB_CLIENT_CONF });
  try {
    // Nothing is written, not even a table, before it is clear whose database this is.
    const found = await databaseIdentity(http, signal);
    const held = found !== null && found === before?.database ? [] : await tablesWithRows(http, signal);
    if (held.length > 0)
      throw notEmpty(`the database at ${stack.questdb.httpUrl}`, `rows in ${held.join(', ')}`);
    await migrate({ client: http, log, clock, signal });
    const database = (await databaseIdentity(http, signal)) as string;
    noteRestore(dataDir, { id: backup.id, began: backup.began, address: store.address, database });
    const config = restoreConfig(backup, env.FXTAPE_CONFIG, dataDir);
    await restoreTapes(backup, join(dataDir, 'tape'), { store, database, signal });
    if (backup.recorder !== null) writePrivate(join(dataDir, 'recorder-id'), `${backup.recorder}\n`);
    const onProgress = rowProgress(options.json === true);
    await restoreRows(backup, { http, clock, log }, { store, onProgress, signal });
    endRestore(dataDir);
    return config;
  } finally {
    http.close();
    await stack.stop();
  }
}

/** @throws RESTORE_NOT_EMPTY, RESTORE_UNFINISHED */
async function requireEmptyFolder(dataDir: string, before: RestoreNote | null, id: string): Promise<void> {
  if (before !== null && before.id === id) return;
  if (before !== null)
    throw new FxtapeError({
      code: 'RESTORE_UNFINISHED',
      message: `another backup (${before.id} of ${before.address}) is only partly restored into ${dataDir}`,
      hint: `Restore that one (--at ${before.began}), or begin anew in an empty data folder and database`,
      context: { ...before },
    });
  const tapes = await listTapes(join(dataDir, 'tape'));
  if (tapes.length > 0) throw notEmpty(dataDir, `the tape of ${tapes.join(', ')}`);
}

const notEmpty = (where: string, what: string): FxtapeError =>
  new FxtapeError({ code: 'RESTORE_NOT_EMPTY', message: `${where} holds ${what}`, context: { where } });

/** A configuration that stands there is never overwritten. Where none can be written, it goes into the data folder. */
function restoreConfig({ config }: BackupDocument, path: string, dataDir: string): ConfigFate {
  if (config === null) return 'none';
  if (existsSync(path)) return readFileSync(path, 'utf8') === config ? 'equal' : 'kept';
  try {
    writeFileSync(path, config, { flag: 'wx', flush: true });
    return 'written';
  } catch {
    writePrivate(join(dataDir, 'fxtape.yaml'), config);
    return 'aside';
  }
}

function print(o: {
  backup: BackupDocument;
  dataDir: string;
  config: ConfigFate | null;
  options: RestoreCommandOptions;
  ms: number;
}): void {
  const { backup, config, dataDir, ms, options } = o;
  const size = sizeOf(backup);
  if (options.json === true) {
    const { began, demo, ended, fxtape, id } = backup;
    const done = config === null ? { dryRun: true } : { config, ms: Math.round(ms) };
    out(`${JSON.stringify({ id, began, ended, fxtape, demo, dataDir, ...size, ...done }, null, 2)}\n`);
    return;
  }
  const what = `${count(size.rows, 'row')} and ${count(backup.tapes.length, 'tape')}, ${spellBytes(size.bytes)}`;
  const lines =
    config === null
      ? [
          `Would restore ${backup.id} (began ${backup.began}, fxtape ${backup.fxtape}) into ${dataDir}: ${what}`,
        ]
      : [`Restored ${backup.id} into ${dataDir}: ${what}, ${spellDuration(ms)}`, ...CONFIG_LINES[config]];
  out(`${lines.join('\n')}\n`);
}

const CONFIG_LINES: Readonly<Record<ConfigFate, readonly string[]>> = {
  written: ['The configuration was written; set the variables that hold keys, then start fxtape.'],
  equal: [],
  kept: ['A configuration stands here already and was not changed; that of the backup is in its document.'],
  aside: ['The configuration could not be written to its place; it is `fxtape.yaml` in the data folder.'],
  none: [],
};
