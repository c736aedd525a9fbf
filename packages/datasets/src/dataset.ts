// A dataset: its versions, and how the first and the next one are made. In: its store, and a source of rows. Out: manifests.
import { isDeepStrictEqual } from 'node:util';
import { FxtapeError } from '@fxtape/ops';
import { isoOf } from './calendar.ts';
import { DeltaLog } from './delta/log.ts';
import { kindOf } from './kinds.ts';
import { type Manifest, manifestPath, readManifest } from './manifest.ts';
import type { RowSource, Selection } from './source.ts';
import { type Progress, writeVersion } from './run/write-version.ts';
import type { Store } from './store/store.ts';

/** A version ends at least this long before it is made: rows are in the database only a few seconds after they arrive. */
export const SETTLE_US = 60_000_000;

export interface DatasetOptions {
  readonly store: Store;
  /** Name and version of fxtape, for the commits. */
  readonly engine: string;
  readonly log?: { warn(fields: object, message: string): void };
}

export interface WriteCall {
  readonly source: RowSource;
  /** Refuse an open gap or a provisional clock rule. */
  readonly strict?: boolean | undefined;
  /** µs UTC. */
  readonly nowUs: number;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Dataset {
  readonly #store: Store;
  readonly #engine: string;
  readonly #log: DeltaLog;
  readonly #warn: (fields: object, message: string) => void;

  constructor({ engine, log, store }: DatasetOptions) {
    this.#store = store;
    this.#engine = engine;
    this.#warn = (fields, message) => log?.warn(fields, message);
    this.#log = new DeltaLog({ store, ...(log && { log }) });
  }

  get address(): string {
    return this.#store.address;
  }

  get store(): Store {
    return this.#store;
  }

  get log(): DeltaLog {
    return this.#log;
  }

  /**
   * The manifest of a version; without a number, of the newest. Errors: DATASET_NOT_FOUND, DATASET_VERSION_UNKNOWN,
   * DATASET_MANIFEST_MISSING, DATASET_MANIFEST_WRONG, those of the log and the store.
   */
  async manifest(version?: number, signal?: AbortSignal): Promise<Manifest> {
    const snapshot = await this.#log.snapshot(version, signal);
    const { version: found } = snapshot;
    const named = snapshot.info.fxtape['manifest'];
    const path = typeof named === 'string' ? named : manifestPath(found);
    const manifest = await readManifest(this.#store, { path, version: found }, signal);
    if (manifest.hash === snapshot.info.fxtape['rowHash']) return manifest;
    throw new FxtapeError({
      code: 'DATASET_MANIFEST_WRONG',
      message: `the manifest of version ${snapshot.version} of ${this.address} does not belong to its commit: their row hashes differ`,
      context: { address: this.address, version: snapshot.version },
    });
  }

  /**
   * Makes version 0. A call that was cut off may be repeated: if it had committed the same selection, its manifest is returned.
   * Errors: DATASET_EXISTS, DATASET_NOTHING, DATASET_NOT_STRICT, DATASET_ROWS_CHANGING, DATASET_MOVED, those of the source and
   * the store.
   */
  async export(asked: Selection, call: WriteCall): Promise<Manifest> {
    // A version ends before it is made: rows that arrive afterwards belong to the next one.
    const selection = { ...asked, toUs: Math.min(asked.toUs, call.nowUs - SETTLE_US) };
    if (selection.asOfUs !== null && selection.asOfUs > call.nowUs) throw asOfFuture(selection.asOfUs);
    const newest = await this.#log.newestVersion(call.signal);
    if (newest !== null) {
      const first = await this.manifest(0, call.signal);
      if (newest === 0 && isDeepStrictEqual(first.selection, selection)) return first;
      throw new FxtapeError({
        code: 'DATASET_EXISTS',
        message: `${this.address} already holds a dataset of \`${first.kind}\``,
        context: { address: this.address, version: newest },
      });
    }
    return (await this.#write(selection, null, call)) as Manifest;
  }

  /**
   * Makes the next version. It ends at `toUs` (µs UTC) but not later than a minute ago, and not before the version it follows; a dataset with
   * `asOfUs` keeps its end. Null: nothing changed. Errors: as `export`, and DATASET_NOT_FOUND, DATASET_ROWS_LEFT, DATASET_DAYS_LEFT.
   */
  async update(toUs: number, call: WriteCall): Promise<Manifest | null> {
    const before = await this.manifest(undefined, call.signal);
    const { selection } = before;
    const isPinned = selection.asOfUs !== null;
    const until = isPinned
      ? selection.toUs
      : Math.max(Math.min(toUs, call.nowUs - SETTLE_US), selection.toUs);
    return this.#write({ ...selection, toUs: until }, before, call);
  }

  #write(selection: Selection, before: Manifest | null, call: WriteCall): Promise<Manifest | null> {
    return writeVersion({
      source: call.source,
      store: this.#store,
      log: this.#log,
      kind: kindOf(selection),
      selection,
      before,
      strict: call.strict ?? false,
      engine: this.#engine,
      nowUs: call.nowUs,
      warn: this.#warn,
      onProgress: call.onProgress,
      signal: call.signal,
    });
  }
}

const asOfFuture = (asOfUs: number): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_AS_OF_UNKNOWN',
    message: `what will be known at ${isoOf(asOfUs)} is not known yet`,
    hint: 'Give `--as-of` a time in the past',
  });
