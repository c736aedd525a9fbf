// Proves that a version is what its manifest and its log say. In: a dataset and a version. Out: a line for each thing that is not so, with
// the file it concerns. It reads every file once.
import { withDuck } from './duck.ts';
import { dayText } from './calendar.ts';
import type { Dataset } from './dataset.ts';
import type { AddFile } from './delta/actions.ts';
import { hashFile } from './hash/day-hash.ts';
import { type DatasetKind, kindOf } from './kinds.ts';
import { type Manifest, type ManifestFile, versionHash } from './manifest.ts';
import { sha256Of } from './run/make-file.ts';

export interface Finding {
  /** Null: the version as a whole. */
  readonly path: string | null;
  readonly problem: string;
}

export interface Checked {
  readonly version: number;
  readonly files: number;
  readonly rows: number;
  readonly hash: string;
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly version?: number | undefined;
  readonly onProgress?: ((progress: { rows: number; ofRows: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export async function checkVersion(dataset: Dataset, options: CheckOptions = {}): Promise<Checked> {
  const { onProgress, signal } = options;
  const snapshot = await dataset.log.snapshot(options.version, signal);
  const manifest = await dataset.manifest(snapshot.version, signal);
  const findings = wholeFindings(manifest, snapshot.files);
  let rows = 0;
  for (const file of manifest.files) {
    signal?.throwIfAborted();
    for (const problem of await fileProblems(dataset, file, kindOf(manifest.selection), signal))
      findings.push({ path: file.path, problem });
    rows += file.rows;
    onProgress?.({ rows, ofRows: manifest.rows });
  }
  const { hash } = manifest;
  return { version: manifest.version, files: manifest.files.length, rows: manifest.rows, hash, findings };
}

/** Log and manifest must name the same files, with the same counts and times: other tools believe the log. */
function wholeFindings(manifest: Manifest, logged: ReadonlyMap<string, AddFile>): Finding[] {
  const findings: Finding[] = [];
  const named = new Set(manifest.files.map(({ path }) => path));
  for (const path of logged.keys())
    if (!named.has(path)) findings.push({ path, problem: 'is in the log and not in the manifest' });
  for (const file of manifest.files) {
    const add = logged.get(file.path);
    if (add === undefined)
      findings.push({ path: file.path, problem: 'is in the manifest and not in the log' });
    else if (add.rows !== file.rows || add.bytes !== file.bytes)
      findings.push({
        path: file.path,
        problem: `log: ${add.rows} rows, ${add.bytes} bytes; manifest: ${file.rows} rows, ${file.bytes} bytes`,
      });
    else if (add.firstUs !== file.firstUs || add.lastUs !== file.lastUs)
      findings.push({ path: file.path, problem: 'first or last time differs between log and manifest' });
  }
  if (versionHash(manifest.files) !== manifest.hash)
    findings.push({ path: null, problem: 'the row hash of the manifest does not follow from its days' });
  const rows = manifest.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== manifest.rows)
    findings.push({
      path: null,
      problem: `the manifest says ${manifest.rows} rows, and its files have ${rows}`,
    });
  return findings;
}

async function fileProblems(
  dataset: Dataset,
  file: ManifestFile,
  kind: DatasetKind,
  signal?: AbortSignal,
): Promise<string[]> {
  const { store } = dataset;
  let isThere = false;
  for await (const { path } of store.list(file.path, signal)) isThere ||= path === file.path;
  if (!isThere) return ['is missing'];
  return store.withLocal(
    file.path,
    async (local) => {
      if ((await sha256Of(local)) !== file.sha256) return ['its bytes are not those that were written'];
      const hashed = await withDuck((duck) => hashFile(duck, local, kind.columns, signal));
      const days = hashed.days.map(({ dayUs, hash, rows }) => `${dayText(dayUs)} ${rows} ${hash}`);
      const told = file.days.map(([day, rows, hash]) => `${day} ${rows} ${hash}`);
      const differ = days.length !== told.length || days.some((line, i) => line !== told[i]);
      const times = hashed.firstUs === file.firstUs && hashed.lastUs === file.lastUs;
      return [
        ...(differ ? ['its rows are not those of the manifest'] : []),
        ...(times ? [] : ['its first or last time is not that of the manifest']),
      ];
    },
    signal,
  );
}
