// `fxtape dataset …`: makes, extends, checks and compares datasets. In: a selection and an address. Out: versions in a folder or a bucket,
// an exit code, and what happened, for people or as one JSON document.
import {
  checkVersion,
  Dataset,
  diffVersions,
  type Form,
  importVersion,
  type KindName,
  type Manifest,
  newCorrections,
  openStore,
  type Resample,
  type RowSink,
  type Selection,
  seriesText,
  SETTLE_US,
  vacuum,
  writeForm,
} from '@fxtape/datasets';
import { createLog, FxtapeError, systemClock } from '@fxtape/ops';
import { AppliedWatch, AppliedWriter, DatasetSource, TableWriter } from '@fxtape/questdb';
import { changeLines, checkLines, dryRunLines, textLines, writtenLines } from '../dataset/lines.ts';
import { rowProgress } from '../dataset/row-progress.ts';
import { readRunningEnv } from '../env.ts';
import { untilStopped } from '../interrupt.ts';
import { err, out } from '../print/out.ts';
import { count, spellBytes, spellDuration } from '../print/quantity.ts';
import { questDbView } from '../questdb.ts';
import { version } from '../version.ts';

export interface DatasetExportOptions {
  readonly symbol?: readonly string[];
  readonly feed?: readonly string[];
  readonly account?: readonly string[];
  readonly timeframe?: readonly string[];
  /** Microseconds UTC. */
  readonly from?: number;
  readonly to?: number;
  readonly asOf?: number;
  readonly output: string;
  readonly strict?: boolean;
  readonly withReception?: boolean;
  readonly resample?: Resample;
  readonly form?: Form;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The exit code when `check` finds something, or `diff` a difference. */
const DIFFERENT = 2;

/** Resolves with the exit code. Errors: DATASET_*, QDB_*, ENV_INVALID. */
export async function datasetExport(kind: KindName, options: DatasetExportOptions): Promise<number> {
  const nowUs = Date.now() * 1000;
  const selection: Selection = {
    kind,
    feeds: options.feed ?? [],
    symbols: options.symbol ?? [],
    accounts: options.account ?? [],
    timeframes: options.timeframe ?? [],
    fromUs: options.from ?? 0,
    toUs: options.to ?? nowUs - SETTLE_US,
    asOfUs: options.asOf ?? null,
    reception: options.withReception === true,
    resample: options.resample ?? null,
  };
  return withDataset(options.output, (dataset, signal) =>
    withSource(async (source) => {
      if (options.dryRun === true) {
        const days = await source.days(selection, signal);
        print(dryRunLines(days, await source.gaps(selection, signal)), options, { days: days.length });
        return 0;
      }
      const startedMs = performance.now();
      const { form, output: folder } = options;
      if (form !== undefined) {
        const onProgress = rowProgress(options.json === true);
        const written = await writeForm({ source, selection, form, folder, nowUs, onProgress, signal });
        print(textLines(folder, written, performance.now() - startedMs), options, { files: written });
        return 0;
      }
      const manifest = await dataset.export(selection, {
        source,
        strict: options.strict,
        nowUs,
        onProgress: rowProgress(options.json === true),
        signal,
      });
      printWritten(dataset, manifest, performance.now() - startedMs, options);
      return 0;
    }),
  );
}

/** Resolves with the exit code. */
export async function datasetUpdate(
  address: string,
  options: { readonly to?: number; readonly strict?: boolean; readonly json?: boolean },
): Promise<number> {
  const nowUs = Date.now() * 1000;
  return withDataset(address, (dataset, signal) =>
    withSource(async (source) => {
      const startedMs = performance.now();
      const manifest = await dataset.update(options.to ?? nowUs - SETTLE_US, {
        source,
        strict: options.strict,
        nowUs,
        onProgress: rowProgress(options.json === true),
        signal,
      });
      if (manifest !== null) printWritten(dataset, manifest, performance.now() - startedMs, options);
      else print(['Nothing changed: no new version.'], options, { version: null });
      return 0;
    }),
  );
}

/** Resolves with the exit code: 2 when the version is not what its manifest says. */
export async function datasetCheck(address: string, options: { readonly json?: boolean }): Promise<number> {
  const { address: folder, version: asked } = splitVersion(address);
  return withDataset(folder, async (dataset, signal) => {
    const checked = await checkVersion(dataset, {
      version: asked,
      onProgress: rowProgress(options.json === true),
      signal,
    });
    print(checkLines(checked), options, checked);
    return checked.findings.length === 0 ? 0 : DIFFERENT;
  });
}

/** Resolves with the exit code. */
export async function datasetImport(address: string, options: { readonly json?: boolean }): Promise<number> {
  const { address: folder, version: asked } = splitVersion(address);
  return withDataset(folder, async (dataset, signal) => {
    const startedMs = performance.now();
    await requireSameClock(await dataset.manifest(asked, signal));
    const manifest = await withSink((sink) =>
      importVersion(dataset, sink, {
        version: asked,
        onProgress: rowProgress(options.json === true),
        signal,
      }),
    );
    const ms = performance.now() - startedMs;
    const { kind, rows, version: read } = manifest;
    print([`Wrote version ${read} into \`${kind}\`: ${count(rows, 'row')}, ${spellDuration(ms)}`], options, {
      version: read,
      kind,
      rows,
      ms: Math.round(ms),
    });
    return 0;
  });
}

/** Resolves with the exit code. */
export async function datasetVacuum(
  address: string,
  options: { readonly keepMs: number; readonly dryRun?: boolean; readonly json?: boolean },
): Promise<number> {
  const { dryRun = false, keepMs } = options;
  return withDataset(address, async (dataset, signal) => {
    const result = await vacuum({
      store: dataset.store,
      log: dataset.log,
      nowMs: Date.now(),
      keepMs,
      dryRun,
      signal,
    });
    const { bytes, files, keptFrom, newest, orphans } = result;
    const verb = dryRun ? 'would remove' : 'removed';
    print(
      [
        ...(dryRun ? [...files, ...orphans].map(({ path }) => path) : []),
        `${verb} ${count(files.length, 'file')} of older versions and ${count(orphans.length, 'file')} of no version, ${spellBytes(bytes)}; versions ${keptFrom} to ${newest} can be read`,
      ],
      options,
      result,
    );
    return 0;
  });
}

/** Resolves with the exit code: 2 when they differ. */
export async function datasetDiff(
  a: string,
  b: string,
  options: { readonly rows?: boolean; readonly json?: boolean },
): Promise<number> {
  const [left, right] = [splitVersion(a), splitVersion(b)];
  return withDataset(left.address, (first, signal) =>
    withDataset(right.address, async (second) => {
      const before = { dataset: first, manifest: await first.manifest(left.version, signal) };
      const after = { dataset: second, manifest: await second.manifest(right.version, signal) };
      const rows: object[] = [];
      const onRow = (row: object): void => {
        if (options.json === true) rows.push(row);
        else out(`${JSON.stringify(row)}\n`);
      };
      const differences = await diffVersions(before, after, {
        signal,
        ...(options.rows === true && { onRow }),
      });
      print(changeLines(differences), options, {
        differences,
        ...(options.rows === true && { rows }),
      });
      return differences.length === 0 ? 0 : DIFFERENT;
    }),
  );
}

/** `DIR@3` is version 3 of DIR. Any other `@` belongs to the address. */
function splitVersion(text: string): { address: string; version: number | undefined } {
  const [, address, digits] = /^(.+)@(\d{1,9})$/s.exec(text) ?? [];
  return address === undefined ? { address: text, version: undefined } : { address, version: Number(digits) };
}

async function withDataset(
  address: string,
  use: (dataset: Dataset, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const log = { warn: (_: object, message: string): void => void err(`${message}\n`) };
  const store = await openStore(address);
  try {
    return await untilStopped('Stopped before the end. Run the same command again to finish.', (signal) =>
      use(new Dataset({ store, engine: `fxtape ${version()}`, log }), signal),
    );
  } finally {
    store.close();
  }
}

/** The rows of a version have the clock rules of its time: to import them would undo a later correction. Errors: DATASET_CLOCK_CHANGED. */
async function requireSameClock(made: Manifest): Promise<void> {
  const corrections = await withSource((source) => source.corrections(made.selection));
  const since = newCorrections(made, { corrections });
  const [first] = since;
  if (first === undefined) return;
  throw new FxtapeError({
    code: 'DATASET_CLOCK_CHANGED',
    message: `rows of ${first.server} were corrected to ${first.ruleId ?? 'another clock rule'} after this version was made`,
    context: { server: first.server },
  });
}

const rowRefused = (kind: KindName, { reason, row }: { reason: string; row: object }): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_ROW_REFUSED',
    message: `the table \`${kind}\` refuses a row: ${reason}`,
    context: { row },
  });

/** Where an import writes: the tables themselves. */
async function withSink<T>(use: (sink: RowSink) => Promise<T>): Promise<T> {
  const view = questDbView(readRunningEnv());
  const clock = systemClock();
  const log = createLog({ service: 'fxtape', level: 'silent', write: () => {} });
  const table = new TableWriter({ http: view.http, log, clock, random: Math.random });
  const writer = new AppliedWriter({ writer: table, applied: new AppliedWatch({ http: view.http, clock }) });
  const sink: RowSink = {
    async write(kind, rows, signal) {
      const { condemned } = await writer.write(
        { [kind]: rows },
        { signal: signal ?? new AbortController().signal },
      );
      const [first] = condemned;
      if (first !== undefined) throw rowRefused(kind, first);
    },
  };
  try {
    return await use(sink);
  } finally {
    view.http.close();
  }
}

async function withSource<T>(use: (source: DatasetSource) => Promise<T>): Promise<T> {
  const view = questDbView(readRunningEnv());
  try {
    return await use(new DatasetSource({ http: view.http, clock: systemClock() }));
  } finally {
    view.http.close();
  }
}

function printWritten(
  dataset: Dataset,
  manifest: Manifest,
  tookMs: number,
  options: { readonly json?: boolean },
): void {
  const { changes, files, gaps, hash, rows, version: made } = manifest;
  print(writtenLines(dataset.address, manifest, tookMs), options, {
    version: made,
    rows,
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: Math.round(tookMs),
    hash,
    gaps,
    changes: changes.map((change) => ({ ...change, series: seriesText(change.series) })),
  });
}

function print(lines: readonly string[], { json }: { readonly json?: boolean }, document: object): void {
  out(json === true ? `${JSON.stringify(document, null, 2)}\n` : `${lines.join('\n')}\n`);
}
