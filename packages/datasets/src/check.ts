// Checks a version against its manifest and its log. In: a dataset and a version. Out: a finding for each contradiction, with the file it
// concerns. It reads every file once.
import { type Duck, withDuck } from './duck.ts';
import { dayText } from './calendar.ts';
import type { Dataset } from './dataset.ts';
import type { AddFile } from './delta/actions.ts';
import { hashFile } from './hash/day-hash.ts';
import { type DatasetKind, kindOf } from './kinds.ts';
import { daysInTwoFiles, type Manifest, type ManifestFile, versionHash } from './manifest.ts';
import { sha256Of } from './parquet-file.ts';

export interface Finding {
  /** Null: it concerns the version as a whole. */
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

/** Files read at the same time. */
const AT_ONCE = 2;

/** Checks the newest version, or the given one. Errors: those of `Dataset.manifest` and of the store. */
export async function checkVersion(dataset: Dataset, options: CheckOptions = {}): Promise<Checked> {
  const { onProgress, signal } = options;
  const snapshot = await dataset.log.snapshot(options.version, signal);
  const manifest = await dataset.manifest(snapshot.version, signal);
  const findings = versionFindings(manifest, snapshot.files);
  let rows = 0;
  const waiting = [...manifest.files];
  const work = async (duck: Duck): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      signal?.throwIfAborted();
      for (const problem of await fileProblems(dataset, duck, file, kindOf(manifest.selection), signal))
        findings.push({ path: file.path, problem });
      rows += file.rows;
      onProgress?.({ rows, ofRows: manifest.rows });
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => withDuck(work)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  findings.sort((a, b) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1));
  const { hash } = manifest;
  return { version: manifest.version, files: manifest.files.length, rows: manifest.rows, hash, findings };
}

/** Log and manifest must name the same files, with the same counts and times: other tools rely on the log. */
function versionFindings(manifest: Manifest, logged: ReadonlyMap<string, AddFile>): Finding[] {
  const findings: Finding[] = [];
  const named = new Set(manifest.files.map(({ path }) => path));
  for (const path of logged.keys())
    if (!named.has(path)) findings.push({ path, problem: 'is in the log but not in the manifest' });
  for (const file of manifest.files) {
    const add = logged.get(file.path);
    if (add === undefined)
      findings.push({ path: file.path, problem: 'is in the manifest but not in the log' });
    else if (add.rows !== file.rows || add.bytes !== file.bytes)
      findings.push({
        path: file.path,
        problem: `log: ${add.rows} rows, ${add.bytes} bytes; manifest: ${file.rows} rows, ${file.bytes} bytes`,
      });
    else if (add.firstUs !== file.firstUs || add.lastUs !== file.lastUs)
      findings.push({ path: file.path, problem: 'first or last time differs between log and manifest' });
  }
  for (const day of daysInTwoFiles(manifest.files))
    findings.push({ path: null, problem: `${day} is in two files` });
  if (versionHash(manifest.files) !== manifest.hash)
    findings.push({ path: null, problem: 'the row hash in the manifest is not that of its days' });
  const rows = manifest.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== manifest.rows)
    findings.push({
      path: null,
      problem: `the manifest states ${manifest.rows} rows, but its files add up to ${rows}`,
    });
  return findings;
}

async function fileProblems(
  dataset: Dataset,
  duck: Duck,
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
      if ((await sha256Of(local)) !== file.sha256) return ['its SHA-256 is not the one in the manifest'];
      const hashed = await hashFile(duck, local, kind.columns, signal);
      const days = hashed.days.map(({ dayUs, hash, rows }) => `${dayText(dayUs)} ${rows} ${hash}`);
      const stated = file.days.map(([day, rows, hash]) => `${day} ${rows} ${hash}`);
      const differ = days.length !== stated.length || days.some((line, i) => line !== stated[i]);
      const times = hashed.firstUs === file.firstUs && hashed.lastUs === file.lastUs;
      return [
        ...(differ ? ['its rows do not have the counts and hashes of the manifest'] : []),
        ...(times ? [] : ['its first or last time is not the one in the manifest']),
      ];
    },
    signal,
  );
}
