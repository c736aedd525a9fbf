// Which files a version needs. In: the days that have rows now, the files of the version before, and what was corrected since. Out: the
// files to keep, those to make, and those that the new version drops. A file holds whole UTC days of one partition.
import { FxtapeError } from '@fxtape/ops';
import { DAY_US, dayOf, dayText, periodEnd, periodText, usOf } from '../calendar.ts';
import type { DatasetKind } from '../kinds.ts';
import { type ManifestDay, type ManifestFile, seriesText } from '../manifest.ts';
import type { DayRows, Range, Series } from '../source.ts';

/** QuestDB sorts the rows of a file in memory: about 25 bytes per row and column. */
const MOST_ROWS = 3_000_000;
/** A partition with more files than this is merged even before its period is over. */
const MOST_FILES = 32;

export interface PlannedFile extends Range {
  readonly series: Series;
  readonly period: string;
  readonly rows: number;
  readonly days: readonly DayRows[];
}

export interface Plan {
  readonly keep: readonly ManifestFile[];
  readonly make: readonly PlannedFile[];
  /** Files of the version before that are replaced or no longer have rows. */
  readonly drop: readonly ManifestFile[];
}

export interface PlanInput {
  readonly kind: DatasetKind;
  /** By series and day. */
  readonly days: readonly DayRows[];
  readonly files: readonly ManifestFile[];
  /** Days before this, µs UTC, are no longer in the database: a file that holds one of them is kept. */
  readonly frozenBeforeUs: number;
  /** True when the clock of a series was corrected: its rows may differ although counts and stamps are the same. */
  readonly isCorrected: (series: Series) => boolean;
  /** Midnight UTC of the current day, which gets a file of its own. */
  readonly openDayUs: number;
  /** Largest number of rows in a file; a single day may exceed it. For tests. */
  readonly mostRows?: number;
}

/** Errors: DATASET_DAYS_LEFT. */
export function planFiles(input: PlanInput): Plan {
  const before = Map.groupBy(input.files, partitionOfFile);
  const now = Map.groupBy(input.days, (day) =>
    partitionOf(day.series, periodText(day.dayUs, input.kind.period)),
  );
  const keep: ManifestFile[] = [];
  const make: PlannedFile[] = [];
  const drop: ManifestFile[] = [];
  for (const partition of new Set([...now.keys(), ...before.keys()])) {
    const planned = planPartition(input, now.get(partition) ?? [], before.get(partition) ?? []);
    keep.push(...planned.keep);
    make.push(...planned.make);
    drop.push(...planned.drop);
  }
  return { keep, make, drop };
}

const partitionOf = (series: Series, period: string): string => `${seriesText(series)} ${period}`;
const partitionOfFile = (file: ManifestFile): string => partitionOf(file.series, file.period);

function planPartition(input: PlanInput, days: readonly DayRows[], files: readonly ManifestFile[]): Plan {
  const byDay = new Map(days.map((day) => [dayText(day.dayUs), day]));
  const isGone = ([text]: ManifestDay): boolean => dayUsOf(text) < input.frozenBeforeUs;
  const isFrozen = (file: ManifestFile): boolean => file.days.some(isGone);
  const isSame = (file: ManifestFile): boolean => {
    const stillThere = file.days.filter((day) => !isGone(day));
    if (stillThere.length > 0 && (input.kind.isRewritten || input.isCorrected(file.series))) return false;
    return stillThere.every(([text, rows, , stampUs]) => {
      const day = byDay.get(text);
      return day?.rows === rows && day.stampUs === stampUs;
    });
  };
  const keep = files.filter(isSame);
  const stuck = files.find((file) => isFrozen(file) && !isSame(file));
  if (stuck !== undefined) throw daysGone(stuck, input.frozenBeforeUs);
  const keptDays = new Set(keep.flatMap((file) => file.days.map(([day]) => dayUsOf(day))));
  const newDays = days.filter((day) => !keptDays.has(day.dayUs));
  const added = inFiles(input, newDays, keptDays);
  const merged = inFiles(input, days, new Set());
  const frozen = keep.filter(isFrozen);
  const isOver = periodIsOver(input, days, files);
  const worthMerging =
    frozen.length === 0 &&
    merged.length < keep.length + added.length &&
    (isOver || keep.length + added.length > MOST_FILES);
  if (worthMerging) return { keep: [], make: merged, drop: files };
  const kept = new Set(keep);
  return { keep, make: added, drop: files.filter((file) => !kept.has(file)) };
}

function periodIsOver(input: PlanInput, days: readonly DayRows[], files: readonly ManifestFile[]): boolean {
  const anyUs = days[0]?.dayUs ?? (files[0] === undefined ? null : dayOf(files[0].firstUs));
  return anyUs !== null && periodEnd(anyUs, input.kind.period) <= input.openDayUs;
}

/**
 * Splits days into files; the current day gets a file of its own, so that the next update replaces little. A file is read as one range of
 * time, so no kept day may lie between two of its days.
 */
function inFiles(input: PlanInput, days: readonly DayRows[], keptDays: ReadonlySet<number>): PlannedFile[] {
  const mostRows = input.mostRows ?? MOST_ROWS;
  const groups: DayRows[][] = [];
  let rows = 0;
  for (const day of days) {
    const group = groups.at(-1);
    const isApart = group !== undefined && isBetween(keptDays, (group.at(-1) as DayRows).dayUs, day.dayUs);
    if (group === undefined || isApart || day.dayUs >= input.openDayUs || rows + day.rows > mostRows) {
      groups.push([day]);
      rows = day.rows;
    } else {
      group.push(day);
      rows += day.rows;
    }
  }
  return groups.map((group) => plannedFile(input.kind, group));
}

function isBetween(days: ReadonlySet<number>, afterUs: number, beforeUs: number): boolean {
  for (let dayUs = afterUs + DAY_US; dayUs < beforeUs; dayUs += DAY_US) if (days.has(dayUs)) return true;
  return false;
}

function plannedFile(kind: DatasetKind, days: readonly DayRows[]): PlannedFile {
  const first = days[0] as DayRows;
  const last = days.at(-1) as DayRows;
  return {
    series: first.series,
    period: periodText(first.dayUs, kind.period),
    fromUs: first.dayUs,
    toUs: last.dayUs + DAY_US,
    rows: days.reduce((sum, day) => sum + day.rows, 0),
    days,
  };
}

function daysGone(file: ManifestFile, frozenBeforeUs: number): FxtapeError {
  return new FxtapeError({
    code: 'DATASET_DAYS_LEFT',
    message: `rows of ${seriesText(file.series)} in ${file.period} changed, and days of the same file before ${dayText(frozenBeforeUs)} are no longer in the database`,
    context: { path: file.path, series: file.series, period: file.period },
  });
}

/** Midnight UTC of a manifest's day, µs. */
export const dayUsOf = (day: string): number => usOf(`${day}T00:00:00`);
