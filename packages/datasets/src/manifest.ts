// The manifest of a version, beside the Delta log: `_manifest/<version>.json`. In: a version's facts. Out: JSON, and back. Members that end
// in `Us` are microseconds UTC. Format: docs/dataset-format.md.
import { createHash } from 'node:crypto';
import { FxtapeError } from '@fxtape/ops';
import type { KindName } from './kinds.ts';
import type {
  KnownClockRule,
  KnownCondition,
  KnownCorrection,
  KnownGap,
  Selection,
  Series,
  UncoveredRange,
} from './source.ts';
import type { Store } from './store/store.ts';

/** One UTC day of a file: the day, its number of rows, their hash, and the newest stamp that the database stated before it was read. */
export type ManifestDay = readonly [day: string, rows: number, hash: string, stampUs: number | null];

export interface ManifestFile {
  readonly path: string;
  readonly series: Series;
  /** `2026-01` or `2026`. */
  readonly period: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
  /** Smallest and largest time, µs UTC. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly days: readonly ManifestDay[];
}

export interface ManifestColumn {
  readonly name: string;
  readonly type: string;
  /** What the column means, with its unit. */
  readonly meaning: string;
  /** Part of the row hash: two recorders of one stream have the same values in it. */
  readonly canonical: boolean;
}

/** Why a day differs from the version before. */
export const REASONS = ['extended', 'healed', 'revised', 'clock'] as const;
export type Reason = (typeof REASONS)[number] | 'unexplained';

export interface ChangedDay {
  readonly series: Series;
  readonly day: string;
  readonly rowsBefore: number;
  readonly rows: number;
  readonly reason: Reason;
  /** What shows the reason, in words: a gap, a correction, or the version before; null: `unexplained`. */
  readonly evidence: string | null;
}

export interface Manifest {
  readonly format: 1;
  readonly version: number;
  readonly kind: KindName;
  readonly createdUs: number;
  /** Which rows were asked for. `toUs` is where this version ends. */
  readonly selection: Selection;
  readonly columns: readonly ManifestColumn[];
  readonly rows: number;
  /** Hash of all days of all series. */
  readonly hash: string;
  readonly files: readonly ManifestFile[];
  readonly gaps: readonly KnownGap[];
  /** Neither covered nor in a gap. */
  readonly uncovered: readonly UncoveredRange[];
  readonly conditions: readonly KnownCondition[];
  readonly clockRules: readonly KnownClockRule[];
  readonly corrections: readonly KnownCorrection[];
  readonly changes: readonly ChangedDay[];
}

/** `feed=icm symbol=EURUSD`: for messages, and to compare series. */
export const seriesText = (series: Series): string =>
  Object.entries(series)
    .map(([column, value]) => `${column}=${value}`)
    .join(' ');

/** The manifest that one attempt at a version writes before its commit, which names it. */
export const attemptPath = (version: number, txnId: string): string => `_manifest/${version}-${txnId}.json`;
/** A copy of the manifest that the commit names, for people and for tools that do not read the log. */
export const manifestPath = (version: number): string => `_manifest/${version}.json`;

/** Days of a series that stand in more than one file, in words; none in a version that is right. */
export function daysInTwoFiles(files: readonly Pick<ManifestFile, 'days' | 'series'>[]): string[] {
  const seen = new Set<string>();
  const twice: string[] = [];
  for (const { days, series } of files)
    for (const [day] of days) {
      const text = `${seriesText(series)} on ${day}`;
      if (seen.has(text)) twice.push(text);
      seen.add(text);
    }
  return twice;
}

/** The hash of a version: SHA-256 over one line per series and day, sorted by bytes. See docs/dataset-format.md. */
export function versionHash(files: readonly Pick<ManifestFile, 'days' | 'series'>[]): string {
  const lines = files.flatMap(({ days, series }) =>
    days.map(([day, rows, hash]) => `${seriesLine(series)}\t${day}\t${rows}\t${hash}\n`),
  );
  const whole = createHash('sha256');
  for (const line of lines.map((text) => Buffer.from(text)).sort((a, b) => Buffer.compare(a, b)))
    whole.update(line);
  return whole.digest('hex');
}

/** As JSON, so that it is clear where a value ends, whatever characters it has. */
const seriesLine = (series: Series): string => JSON.stringify(Object.values(series));

export async function writeManifest(
  store: Store,
  path: string,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<void> {
  await store.put(path, Buffer.from(`${JSON.stringify(manifest)}\n`), signal);
}

/** Errors: DATASET_MANIFEST_MISSING, DATASET_MANIFEST_WRONG. */
export async function readManifest(
  store: Store,
  { path, version }: { readonly path: string; readonly version: number },
  signal?: AbortSignal,
): Promise<Manifest> {
  const bytes = await store.read(path, signal);
  if (bytes === null)
    throw new FxtapeError({
      code: 'DATASET_MANIFEST_MISSING',
      message: `${store.address} has no ${path}`,
      context: { address: store.address, version },
    });
  try {
    const manifest = JSON.parse(bytes.toString()) as Manifest;
    if (manifest.format === 1 && manifest.version === version && Array.isArray(manifest.files))
      return manifest;
  } catch {
    // Refused below, like any other content that is not a manifest.
  }
  throw new FxtapeError({
    code: 'DATASET_MANIFEST_WRONG',
    message: `${path} of ${store.address} is not the manifest of version ${version}`,
    context: { address: store.address, version },
  });
}
