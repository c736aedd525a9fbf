// Makes one file of a version and checks it before any commit names it. In: a planned file and the source. Out: a finished local file with
// its hashes. An export of QuestDB is accepted only when its stream ended, the file has exactly the rows that SQL counts before and after,
// and they are in order. Otherwise an error after the first byte would leave a short file that looks whole.
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { dayText } from '../calendar.ts';
import type { Duck } from '../duck.ts';
import { type FileHash, hashFile } from '../hash/day-hash.ts';
import { type ManifestDay, seriesText } from '../manifest.ts';
import type { Store } from '../store/store.ts';
import { partitionFolder } from '../delta/paths.ts';
import { receiveParquet, sha256Of } from '../parquet-file.ts';
import type { DatasetKind } from '../kinds.ts';
import type { Extent, KnownCorrection, RowSource, Selection, Slice } from '../source.ts';
import { storageFailure } from '../store/storage-failure.ts';
import type { PlannedFile } from './plan.ts';

export interface MadeFile {
  /** In the staging folder; an earlier run may already have moved it to `path`. */
  readonly local: string;
  /** Its place in the dataset. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
  readonly firstUs: number;
  readonly lastUs: number;
  readonly days: readonly ManifestDay[];
}

export interface MakeOptions {
  readonly source: RowSource;
  readonly store: Store;
  readonly duck: Duck;
  readonly kind: DatasetKind;
  readonly selection: Selection;
  /** Clock corrections that were carried out before the rows are read. A file that was made before one of them is not used again. */
  readonly corrections: readonly KnownCorrection[];
  readonly signal?: AbortSignal | undefined;
}

export type Naming = Pick<MakeOptions, 'corrections' | 'selection'>;

/** How often an export is tried while rows of its range are being written. */
const TRIES = 4;

/**
 * Null: the range has no rows. A file that an earlier run finished, and perhaps already stored, is used again if the database still states
 * the same counts and stamps for its days.
 * Errors: DATASET_ROWS_CHANGING (the range is being written), DATASET_FILE_WRONG, DATASET_STORE_FULL, those of the source.
 */
export async function makeFile(planned: PlannedFile, options: MakeOptions): Promise<MadeFile | null> {
  const { store } = options;
  const base = join(store.stagingDir, stagedName(planned, options));
  const earlier = await finishedBefore(base, planned, options);
  if (earlier !== null) return earlier;
  for (let attempt = 1; ; attempt++) {
    // Another process may be making the same file: each writes under a name of its own.
    const made = await tryMake(`${base}-${randomUUID()}.parquet`, planned, options);
    if (made === 'empty') return null;
    if (made !== 'changed') {
      await noteMade(base, { proof: proofOf(planned), made });
      return made;
    }
    if (attempt === TRIES) throw rowsChanging(planned);
  }
}

async function noteMade(base: string, note: Note): Promise<void> {
  const unfinished = `${base}-${randomUUID()}.tmp`;
  try {
    await writeFile(unfinished, JSON.stringify(note));
    await rename(unfinished, `${base}.json`);
  } catch (error) {
    throw storageFailure(`cannot write ${unfinished}`, error);
  }
}

interface Note {
  readonly proof: string;
  readonly made: MadeFile;
}

/**
 * The same for the same rows of one history of corrections, so that a later run finds the file. Where the selection ends matters only for the
 * file that it cuts.
 */
function stagedName(planned: PlannedFile, { corrections, selection }: Naming): string {
  const { fromUs: _from, toUs: _to, ...whose } = selection;
  const { fromUs, series, toUs } = sliceOf(planned, selection);
  const identity = [whose, series, fromUs, toUs, corrections];
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 24);
}

const proofOf = ({ days }: PlannedFile): string =>
  JSON.stringify(days.map(({ dayUs, rows, stampUs }) => [dayUs, rows, stampUs]));

async function finishedBefore(
  base: string,
  planned: PlannedFile,
  { selection, signal, source, store }: MakeOptions,
): Promise<MadeFile | null> {
  try {
    const { made, proof } = JSON.parse(await readFile(`${base}.json`, 'utf8')) as Note;
    if (proof !== proofOf(planned)) return null;
    if (!hasExtent(made, await source.extent(sliceOf(planned, selection), signal))) return null;
    for await (const { bytes, path } of store.list(made.path))
      if (path === made.path && bytes === made.bytes) return made;
    const { size } = await stat(made.local);
    return size === made.bytes && (await sha256Of(made.local)) === made.sha256 ? made : null;
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isAbsent || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function tryMake(
  local: string,
  planned: PlannedFile,
  options: MakeOptions,
): Promise<MadeFile | 'empty' | 'changed'> {
  const { kind, selection, signal, source } = options;
  const slice = sliceOf(planned, selection);
  const before = await source.extent(slice, signal);
  if (before.rows === 0) return 'empty';
  const made = await readSlice(local, slice, options);
  const after = await source.extent(slice, signal);
  if (!hasExtent(made.hashed, before) || !hasExtent(made.hashed, after) || before.stampUs !== after.stampUs) {
    await rm(local, { force: true });
    return 'changed';
  }
  const { bytes, hashed, sha256 } = made;
  return {
    local,
    path: finalPath(kind, planned, sha256),
    bytes,
    sha256,
    rows: hashed.rows,
    firstUs: hashed.firstUs as number,
    lastUs: hashed.lastUs as number,
    days: manifestDays(hashed, planned),
  };
}

/** A file that cannot be hashed does not stay. */
async function readSlice(
  local: string,
  slice: Slice,
  { duck, kind, signal, source }: MakeOptions,
): Promise<{ readonly bytes: number; readonly sha256: string; readonly hashed: FileHash }> {
  const received = await receiveParquet(local, await source.parquet(slice, signal), signal);
  try {
    return { ...received, hashed: await hashFile(duck, local, kind.columns, signal) };
  } catch (error) {
    await rm(local, { force: true });
    throw error;
  }
}

const sliceOf = (planned: PlannedFile, selection: Selection): Slice => ({
  selection,
  series: planned.series,
  fromUs: Math.max(planned.fromUs, selection.fromUs),
  toUs: Math.min(planned.toUs, selection.toUs),
});

/** Depends on content and partition alone. The folder is part of the name because a file system that ignores case may merge two folders. */
function finalPath(kind: DatasetKind, { period, series }: PlannedFile, sha256: string): string {
  const folder = partitionFolder([...kind.series, kind.period], { ...series, [kind.period]: period });
  const name = createHash('sha256').update(`${folder}\n${sha256}`).digest('hex').slice(0, 24);
  return `${folder}/part-${name}.parquet`;
}

const hasExtent = (hashed: Pick<FileHash, 'rows' | 'firstUs' | 'lastUs'>, extent: Extent): boolean =>
  hashed.rows === extent.rows && hashed.firstUs === extent.firstUs && hashed.lastUs === extent.lastUs;

/** The stamp is the one stated before the rows were read: after rows that arrive meanwhile, the next update makes the day again. */
function manifestDays({ days }: FileHash, planned: PlannedFile): ManifestDay[] {
  const stampOf = new Map(planned.days.map((day) => [day.dayUs, day.stampUs]));
  return days.map(({ dayUs, hash, rows }) => [dayText(dayUs), rows, hash, stampOf.get(dayUs) ?? null]);
}

/** Removes the notes on files that are in the dataset now. The staging folder stays: another process may be using it. */
export async function forgetMade(
  planned: readonly PlannedFile[],
  options: Naming & Pick<MakeOptions, 'store'>,
): Promise<void> {
  for (const each of planned)
    await rm(join(options.store.stagingDir, `${stagedName(each, options)}.json`), { force: true });
}

function rowsChanging(planned: PlannedFile): FxtapeError {
  return new FxtapeError({
    code: 'DATASET_ROWS_CHANGING',
    message: `rows of ${seriesText(planned.series)} in ${planned.period} changed during each of ${TRIES} exports`,
    context: { series: planned.series, period: planned.period },
  });
}
