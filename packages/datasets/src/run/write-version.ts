// Writes one version of a dataset. In: the request, and the version before, if there is one. Out: files, then the manifest, then the
// commit. A kill at any moment leaves the version before; in a folder, the same call then goes on from the finished files.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { FxtapeError } from '@fxtape/ops';
import { dayOf, isoOf } from '../calendar.ts';
import type { AddFile, Commit } from '../delta/actions.ts';
import type { DeltaLog } from '../delta/log.ts';
import { type Duck, withDuck } from '../duck.ts';
import type { DatasetKind } from '../kinds.ts';
import {
  attemptPath,
  daysInTwoFiles,
  type Manifest,
  type ManifestFile,
  manifestPath,
  versionHash,
  writeManifest,
} from '../manifest.ts';
import { writeReadme } from '../readme.ts';
import { tableMeta } from '../schema.ts';
import type { RowSource, Selection, Series } from '../source.ts';
import type { Store } from '../store/store.ts';
import { changedDays, concerns, newCorrections } from './changed-days.ts';
import { forgetMade, type MadeFile, makeFile, type Naming } from './make-file.ts';
import { type Plan, type PlannedFile, planFiles } from './plan.ts';
import { requireNoLoss, requirePlanned } from './require-rows.ts';
import { requireStrict } from './strict.ts';

export interface WriteOptions {
  readonly source: RowSource;
  readonly store: Store;
  readonly log: DeltaLog;
  readonly kind: DatasetKind;
  readonly selection: Selection;
  readonly before: Manifest | null;
  readonly strict: boolean;
  /** Name and version of fxtape. */
  readonly engine: string;
  readonly nowUs: number;
  /** Told of what fails after the commit. */
  readonly warn: (fields: object, message: string) => void;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Progress {
  readonly rows: number;
  readonly ofRows: number;
  readonly files: number;
  readonly ofFiles: number;
}

/** Files made at the same time. QuestDB allows as many exports as it has cores, and sorts each of them in memory. */
const AT_ONCE = 2;

/** Null: nothing changed since the version before, and none was written. */
export async function writeVersion(options: WriteOptions): Promise<Manifest | null> {
  const { before, kind, log, selection, signal, source, store } = options;
  const begun = await readFacts(source, selection, signal);
  if (options.strict) requireStrict(begun, selection);
  const plan = await planVersion(options, begun);
  const sameFiles = plan.make.length === 0 && plan.drop.length === 0;
  if (before !== null && sameFiles && hasSameFacts(before, { selection, ...begun })) return null;
  if (before === null && plan.make.length === 0) throw noRows(selection);
  const naming = { ...options, corrections: begun.corrections };
  const made = await makeAll(plan.make, naming);
  const facts = await readFacts(source, selection, signal);
  if (options.strict) requireStrict(facts, selection);
  if (!isDeepStrictEqual(begun.corrections, facts.corrections)) throw correctedMeanwhile();
  const files = [...plan.keep, ...made].sort(byPath);
  requireOnce(files);
  if (before !== null && isSameContent(before, files) && hasSameFacts(before, { selection, ...facts })) {
    await forgetMade(plan.make, naming);
    return null;
  }
  const dropped = plan.drop.filter(({ path }) => !files.some((file) => file.path === path));
  const content: Omit<Manifest, 'changes' | 'hash' | 'rows'> = {
    format: 1,
    version: (before?.version ?? -1) + 1,
    kind: kind.name,
    createdUs: options.nowUs,
    selection,
    columns: tableMeta(kind, selection).manifestColumns,
    files,
    ...facts,
  };
  const manifest: Manifest = {
    ...content,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    hash: versionHash(files),
    changes: before === null ? [] : changedDays(before, content),
  };
  // Each attempt has a manifest of its own: one that loses the version cannot touch that of the winner.
  const txnId = randomUUID();
  const path = attemptPath(manifest.version, txnId);
  await writeManifest(store, path, manifest, signal);
  const outcome = await log.commit(await commitOf(manifest, { txnId, path, dropped }, options), signal);
  if (outcome === 'taken') {
    await store.remove(path, signal);
    throw wroteMeanwhile(store, manifest.version);
  }
  await tidy(manifest, plan, naming);
  return manifest;
}

/** The version is there: what fails now is told, and no signal ends it. */
async function tidy(manifest: Manifest, plan: Plan, options: WriteOptions & Naming): Promise<void> {
  const { store, warn } = options;
  try {
    await writeManifest(store, manifestPath(manifest.version), manifest);
    await writeReadme(store, manifest);
    await forgetMade(plan.make, options);
  } catch (error) {
    warn(
      { err: error },
      `version ${manifest.version} is complete, but its README or a copy of its manifest could not be written`,
    );
  }
}

/** Files whose names depend on their content. */
const isSameContent = (before: Manifest, files: readonly ManifestFile[]): boolean =>
  isDeepStrictEqual(
    before.files.map(({ path }) => path),
    files.map(({ path }) => path),
  );

/** No day of a series stands in two files: its rows would be there twice. */
function requireOnce(files: readonly ManifestFile[]): void {
  const twice = daysInTwoFiles(files);
  if (twice.length > 0) throw new Error(`${twice[0]} would be in two files of one version`);
}

const hasSameFacts = (
  before: Manifest,
  { clockRules, conditions, corrections, gaps, selection, uncovered }: VersionFacts,
): boolean =>
  isDeepStrictEqual(
    [
      before.selection,
      before.gaps,
      before.uncovered,
      before.conditions,
      before.clockRules,
      before.corrections,
    ],
    [selection, gaps, uncovered, conditions, clockRules, corrections],
  );

interface VersionFacts extends Facts {
  readonly selection: Selection;
}

type Facts = Pick<Manifest, 'clockRules' | 'conditions' | 'corrections' | 'gaps' | 'uncovered'>;

async function readFacts(source: RowSource, selection: Selection, signal?: AbortSignal): Promise<Facts> {
  const gaps = await source.gaps(selection, signal);
  return {
    gaps,
    uncovered: await source.uncovered(selection, gaps, signal),
    conditions: await source.conditions(selection, signal),
    clockRules: await source.clockRules(selection, signal),
    corrections: await source.corrections(selection, signal),
  };
}

async function planVersion(options: WriteOptions, facts: Facts): Promise<Plan> {
  const { before, kind, nowUs, selection, signal, source } = options;
  const days = await source.days(selection, signal);
  const oldestUs = before === null ? null : await source.oldestUs(kind.name, signal);
  if (before !== null && oldestUs === null) throw emptyDatabase(options.store, kind);
  const since = before === null ? [] : newCorrections(before, facts);
  const isCorrected = (series: Series): boolean => since.some((each) => concerns(each, series));
  const plan = planFiles({
    kind,
    days,
    files: before?.files ?? [],
    frozenBeforeUs: oldestUs === null ? Infinity : dayOf(oldestUs),
    isCorrected,
    openDayUs: dayOf(nowUs),
  });
  if (before !== null) requireNoLoss(plan, options, isCorrected);
  return plan;
}

/** Each file is stored as soon as it is made: a run that is cut off has less to repeat. */
async function makeAll(
  planned: readonly PlannedFile[],
  options: WriteOptions & Naming,
): Promise<ManifestFile[]> {
  const { kind, onProgress, signal, store } = options;
  const ofRows = planned.reduce((sum, { rows }) => sum + rows, 0);
  const made: ManifestFile[] = [];
  const waiting = [...planned];
  let rows = 0;
  const work = async (duck: Duck): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      signal?.throwIfAborted();
      const file = await makeFile(next, { ...options, duck });
      if (!kind.isMovable) requirePlanned(next, file, options);
      if (file !== null) {
        await store.putFile(file.path, file.local, signal);
        made.push(manifestFile(next, file));
      }
      rows += next.rows;
      onProgress?.({ rows, ofRows, files: planned.length - waiting.length, ofFiles: planned.length });
    }
  };
  let failure: { readonly error: unknown } | null = null;
  const fail = (error: unknown): void => {
    failure ??= { error };
    waiting.length = 0;
  };
  // Both workers end first: the next call can use the file of the other one, and nothing runs on after this call.
  await Promise.all(Array.from({ length: AT_ONCE }, () => withDuck(work).catch(fail)));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  return made;
}

function manifestFile({ period, series }: PlannedFile, made: MadeFile): ManifestFile {
  const { bytes, days, firstUs, lastUs, path, rows, sha256 } = made;
  return { path, series, period, bytes, sha256, rows, firstUs, lastUs, days };
}

const byPath = (a: ManifestFile, b: ManifestFile): number => (a.path < b.path ? -1 : 1);

async function commitOf(
  manifest: Manifest,
  attempt: { readonly txnId: string; readonly path: string; readonly dropped: readonly ManifestFile[] },
  options: WriteOptions,
): Promise<Commit> {
  const { before, engine, kind, nowUs, selection, signal, source } = options;
  const known = new Set(before?.files.map(({ path }) => path));
  const added = manifest.files.filter(({ path }) => !known.has(path));
  const reasons = Object.entries(Object.groupBy(manifest.changes, ({ reason }) => reason)).map(
    ([reason, changes]) => [reason, changes?.length ?? 0] as const,
  );
  return {
    version: manifest.version,
    info: {
      atMs: Math.floor(nowUs / 1000),
      operation: before === null ? 'CREATE TABLE AS SELECT' : 'WRITE',
      txnId: attempt.txnId,
      engineInfo: engine,
      fxtape: {
        manifest: attempt.path,
        request: selection,
        until: isoOf(selection.toUs),
        rows: manifest.rows,
        rowHash: manifest.hash,
        reasons: Object.fromEntries(reasons),
        questdb: await source.version(signal),
      },
    },
    meta: before === null ? tableMeta(kind, selection).meta(nowUs) : null,
    add: added.map((file) => addOf(kind, file, nowUs)),
    remove: attempt.dropped.map((file) => addOf(kind, file, nowUs)),
  };
}

function addOf(kind: DatasetKind, file: ManifestFile, nowUs: number): AddFile {
  const { bytes, firstUs, lastUs, path, period, rows, series } = file;
  const partitionValues = { ...series, [kind.period]: period };
  return { path, partitionValues, bytes, modifiedMs: Math.floor(nowUs / 1000), rows, firstUs, lastUs };
}

const noRows = ({ kind }: Selection): FxtapeError =>
  new FxtapeError({ code: 'DATASET_NOTHING', message: `there are no rows of \`${kind}\` in this selection` });

const emptyDatabase = (store: Store, { name }: DatasetKind): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_ROWS_LEFT',
    message: `${store.address} holds rows, but the database has no \`${name}\``,
    context: { address: store.address },
  });

const correctedMeanwhile = (): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_ROWS_CHANGING',
    message: 'a clock correction moved rows while they were read',
  });

const wroteMeanwhile = (store: Store, version: number): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_MOVED',
    message: `another process wrote version ${version} of ${store.address} meanwhile`,
    context: { version },
  });
