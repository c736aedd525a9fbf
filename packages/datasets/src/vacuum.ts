// Removes the files that no kept version needs. In: a dataset, and how long versions are kept. Out: what was removed, or would be. Files
// are listed before the log is read: a file of a commit that lands meanwhile is either not in the list, or named in the log. Log entries,
// manifests, and whatever is not a Parquet file of a partition stay.
import { FxtapeError } from '@fxtape/ops';
import type { Snapshot } from './delta/actions.ts';
import type { DeltaLog } from './delta/log.ts';
import { partitionOf } from './delta/paths.ts';
import { storagePath } from './delta/translate.ts';
import { sizesOf } from './store/sizes-of.ts';
import type { Store, StoredFile } from './store/store.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 30 * DAY_MS;
/** A file that no version names may belong to an unfinished export: it stays for this long. */
const ORPHAN_MS = DAY_MS;

export interface VacuumOptions {
  readonly store: Store;
  readonly log: DeltaLog;
  readonly nowMs: number;
  /** Versions younger than this stay; the newest always stays. */
  readonly keepMs?: number;
  /** Only report what would be removed. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface VacuumResult {
  /** The oldest version that can still be opened. */
  readonly keptFrom: number;
  readonly newest: number;
  /** Files of older versions. */
  readonly files: readonly StoredFile[];
  /** Data files that no version names, and what was left in `_staging`. */
  readonly orphans: readonly StoredFile[];
  readonly bytes: number;
}

/** Errors: those of reading the log, before anything is removed; those of the store. */
export async function vacuum(o: VacuumOptions): Promise<VacuumResult> {
  const { dryRun = false, log, nowMs, signal, store } = o;
  const listed: StoredFile[] = [];
  for await (const file of store.list('', signal)) if (!isKeptForever(file.path)) listed.push(file);
  const uses = await usesOf(log, nowMs - (o.keepMs ?? KEEP_MS), signal);
  const files: StoredFile[] = [];
  const orphans: StoredFile[] = [];
  for (const file of listed) {
    if (uses.needed.has(file.path)) continue;
    const isData = isDataFile(file.path, uses.partitionColumns);
    if (isData && uses.named.has(file.path)) files.push(file);
    else if ((isData || isStaged(file.path)) && file.modifiedMs < nowMs - ORPHAN_MS) orphans.push(file);
  }
  if (!dryRun) {
    for (const { path } of files) await store.remove(path, signal);
    // A slow export may have committed them meanwhile.
    const usesNow = orphans.length === 0 ? uses : await usesOf(log, Number.NEGATIVE_INFINITY, signal);
    for (const { path } of orphans) if (!usesNow.named.has(path)) await store.remove(path, signal);
  }
  const bytes = [...files, ...orphans].reduce((sum, file) => sum + file.bytes, 0);
  return { keptFrom: uses.keptFrom, newest: uses.newest, files, orphans, bytes };
}

/**
 * Opens a version, the newest by default, whose files are all there.
 * @throws DATASET_VERSION_VACUUMED, DATASET_FILE_MISSING, and what `snapshot` throws
 */
export async function openVersion(
  { log, store }: { readonly log: DeltaLog; readonly store: Store },
  version?: number,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const snapshot = await log.snapshot(version, signal);
  const newest = version === undefined ? snapshot : await log.snapshot(undefined, signal);
  const sizes = await sizesOf(store, [...snapshot.files.keys()], signal);
  const gone = [...snapshot.files.keys()].filter((path) => !sizes.has(path));
  if (gone.length === 0) return snapshot;
  // Vacuum never removes a file of the newest version, so such a file was lost.
  const lost = gone.filter((path) => newest.files.has(path));
  const context = { version: snapshot.version, newest: newest.version, files: gone.slice(0, 10) };
  if (lost.length > 0)
    throw new FxtapeError({
      code: 'DATASET_FILE_MISSING',
      message: `${lost.length} files of version ${snapshot.version} are not in ${store.address}, such as ${lost[0]}`,
      context,
    });
  throw new FxtapeError({
    code: 'DATASET_VERSION_VACUUMED',
    message: `${gone.length} of ${snapshot.files.size} files of version ${snapshot.version} of ${store.address} were removed by a vacuum`,
    hint: `Open a newer version, up to ${newest.version}. To keep versions longer, vacuum with a longer --keep`,
    context,
  });
}

interface Uses {
  readonly keptFrom: number;
  readonly newest: number;
  readonly partitionColumns: readonly string[];
  /** Files of the versions that are kept. */
  readonly needed: ReadonlySet<string>;
  /** Files of any version. */
  readonly named: ReadonlySet<string>;
}

/** The times of versions only rise, so the kept ones are the newest. */
async function usesOf(log: DeltaLog, sinceMs: number, signal?: AbortSignal): Promise<Uses> {
  const commits = await log.commitsFrom(0, signal);
  const atMs = ({ actions }: (typeof commits)[number]): number => {
    const info = actions.find((each) => each.commitInfo)?.commitInfo;
    return info?.inCommitTimestamp ?? info?.timestamp ?? Number.POSITIVE_INFINITY;
  };
  const newest = commits.at(-1)?.version ?? 0;
  const keptFrom = commits.find((commit) => atMs(commit) >= sinceMs)?.version ?? newest;
  const { files, meta } = await log.snapshot(keptFrom, signal);
  const needed = new Set(files.keys());
  const named = new Set(files.keys());
  for (const { actions, version } of commits)
    for (const { add } of actions) {
      if (!add) continue;
      const path = storagePath(add.path);
      named.add(path);
      if (version > keptFrom) needed.add(path);
    }
  return { keptFrom, newest, partitionColumns: meta.partitionColumns, needed, named };
}

const isKeptForever = (path: string): boolean => /^_(?!staging\/)/.test(path);
const isStaged = (path: string): boolean => path.startsWith('_staging/');

/** True for a Parquet file in a partition folder of this table. Any other file belongs to somebody else. */
function isDataFile(path: string, columns: readonly string[]): boolean {
  const values = path.endsWith('.parquet') ? partitionOf(path) : null;
  return values !== null && Object.keys(values).join() === columns.join();
}
