// The log of a dataset: one JSON file per version under `_delta_log`. In: a store, and commits. Out: the state of the table at any version,
// the history, and new versions. A version exists once its file has its name, whole; the store gives that name to one writer only. A commit
// reads the log first. It is `taken` when another writer has the version, and `committed` when it is ours, even if the answer was lost.
import { FxtapeError, passing } from '@fxtape/ops';
import { proveSafe } from '../store/prove-safe.ts';
import { sizesOf } from '../store/sizes-of.ts';
import type { Store } from '../store/store.ts';
import type { Commit, CommitInfo, Snapshot } from './actions.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { fold, type LogState } from './state.ts';
import { fromWireInfo, mustWrite, PROTOCOL, timeColumnOf, toWireAdd, toWireMeta } from './translate.ts';
import {
  checkpointPath,
  commitPath,
  damaged,
  LOG_PREFIX,
  logFileOf,
  parseLines,
  toLines,
  type WireAction,
} from './wire.ts';

export interface DeltaLogOptions {
  readonly store: Store;
  /** Number of versions from one checkpoint to the next. */
  readonly checkpointEvery?: number;
  readonly log?: { warn(fields: object, message: string): void };
}

export interface VersionInfo {
  readonly version: number;
  readonly info: CommitInfo;
}

interface Listing {
  readonly commits: ReadonlySet<number>;
  /** Ascending. */
  readonly checkpoints: readonly number[];
  /** -1: none. */
  readonly newest: number;
}

/** Commits read at the same time. */
const AT_ONCE = 8;
const CHECKPOINT_EVERY = 100;

export class DeltaLog {
  readonly #store: Store;
  readonly #every: number;
  readonly #log: DeltaLogOptions['log'];
  /** The newest state that was read or written: most reads start from it. */
  #known: LogState | null = null;
  #proved = false;

  constructor({ checkpointEvery = CHECKPOINT_EVERY, log, store }: DeltaLogOptions) {
    this.#store = store;
    this.#every = checkpointEvery;
    this.#log = log;
  }

  /** Null: there is no dataset yet. */
  async newestVersion(signal?: AbortSignal): Promise<number | null> {
    const { newest } = await this.#list(signal);
    return newest < 0 ? null : newest;
  }

  /**
   * The newest version, or the given one.
   * @throws DATASET_NOT_FOUND, DATASET_VERSION_UNKNOWN, DATASET_LOG_DAMAGED, DATASET_LOG_UNSUPPORTED
   */
  async snapshot(version?: number, signal?: AbortSignal): Promise<Snapshot> {
    const { files, info, meta, version: read } = await this.#state(await this.#list(signal), version, signal);
    return { version: read, info, meta, files };
  }

  /** Every version whose commit file still exists, oldest first. @throws DATASET_NOT_FOUND, DATASET_LOG_DAMAGED */
  async history(signal?: AbortSignal): Promise<VersionInfo[]> {
    return (await this.commitsFrom(0, signal)).map(({ actions, version }) => ({
      version,
      info: fromWireInfo(actions.find((each) => each.commitInfo)?.commitInfo),
    }));
  }

  /** The commits from a version on, not translated, without older ones that another tool removed. */
  async commitsFrom(from: number, signal?: AbortSignal) {
    const listing = await this.#list(signal);
    if (listing.newest < 0) throw this.#notFound();
    const oldest = Math.max(from, Math.min(...listing.commits));
    return this.#commits(oldest, listing.newest, signal);
  }

  /**
   * Writes a version. `taken`: another writer has it, and the log has nothing of ours. The files of `add` must be in the store before.
   * @throws DATASET_COMMIT_INVALID, DATASET_COMMIT_UNCLEAR, DATASET_FILE_MISSING, DATASET_STORE_UNSAFE, DATASET_LOG_UNSUPPORTED
   */
  async commit(commit: Commit, signal?: AbortSignal): Promise<'committed' | 'taken'> {
    const listing = await this.#list(signal);
    const { version } = commit;
    // An earlier attempt may have written it and lost the answer.
    if (version <= listing.newest) return this.#whose(commit, signal);
    if (version !== listing.newest + 1) throw invalid(`the newest version is ${listing.newest}`, commit);
    const before = version === 0 ? null : await this.#state(listing, version - 1, signal);
    const actions = actionsOf(commit, before);
    await this.#filesAreThere(commit, signal);
    await this.#proveOnce(signal);
    const outcome = await this.#put(commit, toLines(actions), signal);
    if (outcome === 'taken') return outcome;
    const state = fold(before, version, actions, commitPath(version));
    this.#known = state;
    await this.#checkpointIfDue(state, listing, signal);
    return outcome;
  }

  async #put(commit: Commit, lines: Buffer, signal?: AbortSignal): Promise<'committed' | 'taken'> {
    passing('dataset: commit');
    let won: boolean;
    try {
      won = await this.#store.putIfAbsent(commitPath(commit.version), lines, signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const there = await this.#whose(commit, signal, error);
      if (there === null) throw error;
      // Put again, which syncs it: the first attempt may have failed after the file got its name.
      if (there === 'committed') await this.#store.putIfAbsent(commitPath(commit.version), lines, signal);
      return there;
    }
    return won ? 'committed' : this.#whose(commit, signal);
  }

  /** Whether the commit that has this version now is ours; null, only after an error: there is none. */
  async #whose(commit: Commit, signal?: AbortSignal): Promise<'committed' | 'taken'>;
  async #whose(
    commit: Commit,
    signal: AbortSignal | undefined,
    after: unknown,
  ): Promise<'committed' | 'taken' | null>;
  async #whose(commit: Commit, signal?: AbortSignal, after?: unknown): Promise<'committed' | 'taken' | null> {
    const path = commitPath(commit.version);
    let bytes: Buffer | null;
    try {
      bytes = await this.#store.read(path, signal);
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      throw new FxtapeError({
        code: 'DATASET_COMMIT_UNCLEAR',
        message: `it is unknown whether version ${commit.version} of ${this.#store.address} was written`,
        context: { version: commit.version, txnId: commit.info.txnId },
        cause: after ?? cause,
      });
    }
    // Another tool may have removed a commit that its checkpoint contains.
    if (bytes === null) return after === undefined ? 'taken' : null;
    const info = parseLines(bytes.toString('utf8'), path).find((each) => each.commitInfo)?.commitInfo;
    return info?.txnId === commit.info.txnId ? 'committed' : 'taken';
  }

  async #filesAreThere({ add }: Commit, signal?: AbortSignal): Promise<void> {
    const sizes = await sizesOf(
      this.#store,
      add.map(({ path }) => path),
      signal,
    );
    for (const { bytes, path } of add) {
      const found = sizes.get(path);
      if (found === bytes) continue;
      throw new FxtapeError({
        code: 'DATASET_FILE_MISSING',
        message:
          found === undefined
            ? `${path}, which the new version names, is not in ${this.#store.address}`
            : `${path} in ${this.#store.address} has ${found} bytes instead of ${bytes}`,
        hint: 'Run the same command again: it makes the file again',
        context: { path, bytes, found },
      });
    }
  }

  async #proveOnce(signal?: AbortSignal): Promise<void> {
    if (this.#proved) return;
    await proveSafe(this.#store, signal);
    this.#proved = true;
  }

  /** Nothing depends on a checkpoint, so a failure is only a warning; the next version tries again. */
  async #checkpointIfDue(state: LogState, { checkpoints }: Listing, signal?: AbortSignal): Promise<void> {
    if (state.version - (checkpoints.at(-1) ?? 0) < this.#every) return;
    try {
      await writeCheckpoint(this.#store, state, signal);
    } catch (err) {
      const fields = { err, code: 'DATASET_CHECKPOINT_FAILED', version: state.version };
      this.#log?.warn(
        fields,
        `cannot write the checkpoint of version ${state.version} of ${this.#store.address}`,
      );
    }
  }

  async #list(signal?: AbortSignal): Promise<Listing> {
    const commits = new Set<number>();
    const checkpoints: number[] = [];
    for await (const { path } of this.#store.list(LOG_PREFIX, signal)) {
      const file = logFileOf(path);
      if (file?.kind === 'commit') commits.add(file.version);
      if (file?.kind === 'checkpoint') checkpoints.push(file.version);
    }
    checkpoints.sort((a, b) => a - b);
    const newest = Math.max(-1, ...commits, ...checkpoints);
    if (newest >= 0 && !commits.has(newest))
      throw damaged(`${commitPath(newest)} is missing in ${this.#store.address}`, { version: newest });
    return { commits, checkpoints, newest };
  }

  async #state(listing: Listing, asked: number | undefined, signal?: AbortSignal): Promise<LogState> {
    if (listing.newest < 0) throw this.#notFound();
    const version = asked ?? listing.newest;
    if (!Number.isSafeInteger(version) || version < 0 || version > listing.newest)
      throw new FxtapeError({
        code: 'DATASET_VERSION_UNKNOWN',
        message: `${this.#store.address} has no version ${version}; its newest is ${listing.newest}`,
        context: { version, newest: listing.newest },
      });
    const known = this.#known;
    if (known?.version === version) return known;
    const base =
      known !== null && known.version < version ? known : await this.#base(listing, version, signal);
    let state = base;
    for (const { actions, version: at } of await this.#commits((base?.version ?? -1) + 1, version, signal))
      state = fold(state, at, actions, commitPath(at));
    if (state === null) throw damaged(`version ${version} has no commit`, { version });
    if (version === listing.newest) this.#known = state;
    return state;
  }

  /** The state of the newest readable checkpoint up to a version, with the info of its commit. Null: start at version 0. */
  async #base(listing: Listing, version: number, signal?: AbortSignal): Promise<LogState | null> {
    const hasAll = Array.from({ length: version }, (_, at) => at).every((at) => listing.commits.has(at));
    for (const at of listing.checkpoints.filter((each) => each <= version).toReversed()) {
      try {
        const state = fold(null, at, await readCheckpoint(this.#store, at, signal), checkpointPath(at));
        const [own] = await this.#commits(at, at, signal);
        return { ...state, info: fromWireInfo(own?.actions.find((each) => each.commitInfo)?.commitInfo) };
      } catch (error) {
        if (!hasAll || signal?.aborted === true) throw error;
        this.#log?.warn(
          { err: error, version: at },
          `cannot read the checkpoint of version ${at} of ${this.#store.address}; reading an older one, or the commits`,
        );
      }
    }
    return null;
  }

  async #commits(from: number, to: number, signal?: AbortSignal) {
    const found: { version: number; actions: WireAction[] }[] = [];
    for (let next = from; next <= to; next += AT_ONCE) {
      const versions = Array.from({ length: Math.min(AT_ONCE, to - next + 1) }, (_, i) => next + i);
      found.push(...(await Promise.all(versions.map((version) => this.#commitAt(version, signal)))));
    }
    return found;
  }

  async #commitAt(
    version: number,
    signal?: AbortSignal,
  ): Promise<{ version: number; actions: WireAction[] }> {
    const path = commitPath(version);
    const bytes = await this.#store.read(path, signal);
    if (bytes === null) throw damaged(`${path} is missing in ${this.#store.address}`, { version });
    return { version, actions: parseLines(bytes.toString('utf8'), path) };
  }

  #notFound(): FxtapeError {
    return new FxtapeError({
      code: 'DATASET_NOT_FOUND',
      message: `there is no dataset in ${this.#store.address}`,
      context: { address: this.#store.address },
    });
  }
}

/** The actions of a commit. Its time is later than that of the version before, even if the clock went back. */
function actionsOf(commit: Commit, before: LogState | null): WireAction[] {
  const { add, info, remove, version } = commit;
  const meta = commit.meta ?? before?.meta;
  if (meta === undefined) throw invalid('the first version has no schema', commit);
  if (before !== null) mustWrite(before.protocol);
  if (remove.length > 0 && meta.configuration['delta.appendOnly'] === 'true')
    throw invalid('the dataset is append-only', commit);
  const gone = new Set(remove.map(({ path }) => path));
  for (const path of gone)
    if (before?.files.has(path) !== true)
      throw invalid(`it removes ${path}, which the version before does not have`, commit);
  const added = new Set(add.map(({ path }) => path));
  if (added.size !== add.length) throw invalid('it adds a file twice', commit);
  for (const { partitionValues, path } of add) {
    if (gone.has(path) || before?.files.has(path) === true)
      throw invalid(`it adds ${path}, which the version before has`, commit);
    const columns = Object.keys(partitionValues).toSorted().join();
    if (columns !== meta.partitionColumns.toSorted().join())
      throw invalid(`${path} has the partition columns ${columns}`, commit);
  }
  const atMs = Math.max(Math.floor(info.atMs), (before?.info.atMs ?? 0) + 1);
  const commitInfo = {
    timestamp: atMs,
    inCommitTimestamp: atMs,
    operation: info.operation,
    operationParameters: {},
    engineInfo: info.engineInfo,
    txnId: info.txnId,
    fxtape: info.fxtape,
  };
  const timeColumn = timeColumnOf(meta);
  return [
    { commitInfo },
    ...(version === 0 ? [{ protocol: PROTOCOL }] : []),
    ...(commit.meta === null ? [] : [{ metaData: toWireMeta(commit.meta) }]),
    ...remove.map((file) => {
      const { partitionValues, path, size = null } = toWireAdd(file, timeColumn);
      const base = { path, deletionTimestamp: atMs, dataChange: true, extendedFileMetadata: true };
      return { remove: { ...base, partitionValues: partitionValues ?? null, size } };
    }),
    ...add.map((file) => ({ add: toWireAdd(file, timeColumn) })),
  ];
}

const invalid = (message: string, { info, version }: Commit): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_COMMIT_INVALID',
    message: `version ${version} cannot be written: ${message}`,
    context: { version, operation: info.operation },
  });
