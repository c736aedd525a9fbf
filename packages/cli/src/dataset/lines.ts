// What the dataset commands print for people. In: their results. Out: lines.
import type { Checked, DayRows, Difference, KnownGap, Manifest, UncoveredRange } from '@fxtape/datasets';
import { seriesText, uncoveredText } from '@fxtape/datasets';
import { spellCount } from '../backfill/progress.ts';
import { isoMs } from '../print/instant.ts';
import { count, spellBytes, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';

/** Measured on recorded ticks, with zstd at level 3. */
const BYTES_PER_ROW = 12;
const ROWS_PER_SECOND = 1_000_000;

export function dryRunLines(days: readonly DayRows[], gaps: readonly KnownGap[]): string[] {
  const rows = days.reduce((sum, day) => sum + day.rows, 0);
  const series = Map.groupBy(days, (day) => seriesText(day.series));
  return [
    ...table(
      ['series', '>rows', '>days'],
      [...series].map(([text, list]) => [
        text,
        String(list.reduce((sum, day) => sum + day.rows, 0)),
        String(list.length),
      ]),
    ),
    '',
    `${count(rows, 'row')}, about ${spellBytes(rows * BYTES_PER_ROW)} and ${spellDuration((rows / ROWS_PER_SECOND) * 1000)}. Nothing was written.`,
    ...gapLines(gaps),
  ];
}

export function writtenLines(address: string, manifest: Manifest, tookMs: number): string[] {
  const { changes, files, gaps, hash, rows, selection, uncovered, version } = manifest;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const reasons = Object.entries(Object.groupBy(changes, ({ reason }) => reason));
  return [
    `Version ${version} of ${address}: ${count(rows, 'row')} in ${count(files.length, 'file')}, ${spellBytes(bytes)}, ${spellDuration(tookMs)}`,
    `up to ${isoMs(selection.toUs)}, row hash ${hash}`,
    ...reasons.map(([reason, list]) => `${reason}: ${count(list?.length ?? 0, 'day')}`),
    ...gapLines(gaps),
    ...uncoveredLines(uncovered),
  ];
}

/** What coverage does not say yet, or never will. */
function uncoveredLines(uncovered: readonly UncoveredRange[]): string[] {
  const [first] = uncovered;
  if (first === undefined) return [];
  return [
    `not known whether rows are missing: ${count(uncovered.length, 'stretch', 'stretches')}; the first: ${uncoveredText(first)}`,
  ];
}

export function textLines(
  folder: string,
  written: readonly { readonly path: string; readonly rows: number }[],
  tookMs: number,
): string[] {
  const rows = written.reduce((sum, file) => sum + file.rows, 0);
  return [
    ...written.map((file) => `${folder}/${file.path}: ${count(file.rows, 'row')}`),
    `${count(rows, 'row')} in ${count(written.length, 'file')}, ${spellDuration(tookMs)}`,
  ];
}

/** `gaps in the range: 3 disconnect (2 healed, 1 open)`. */
function gapLines(gaps: readonly KnownGap[]): string[] {
  if (gaps.length === 0) return ['gaps in the range: none'];
  const causes = Map.groupBy(gaps, ({ cause }) => cause);
  return [...causes].map(([cause, list]) => {
    const states = [...Map.groupBy(list, ({ state }) => state)];
    const counts = states.map(([state, some]) => `${some.length} ${state.replaceAll('_', ' ')}`).join(', ');
    return `gaps in the range: ${list.length} ${cause} (${counts})`;
  });
}

export function checkLines({ files, findings, hash, rows, version }: Checked): string[] {
  if (findings.length === 0)
    return [
      `Version ${version} is what its manifest says: ${count(rows, 'row')} in ${count(files, 'file')}, row hash ${hash}`,
    ];
  return [
    ...findings.map(({ path, problem }) => `${path ?? 'version'}: ${problem}`),
    `Version ${version} is not what its manifest says: ${count(findings.length, 'finding')}`,
  ];
}

export function changeLines(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return ['No row differs.'];
  return table(
    ['series', 'day', 'change', '>rows', 'reason', 'evidence'],
    differences.map(({ change, day, evidence, reason, rows, series }) => [
      seriesText(series),
      day,
      change,
      spellCount(rows),
      reason,
      evidence ?? '',
    ]),
  );
}
