// Which days of a new version differ from the version before, and why. In: both manifests. Out: a line per series and day, with the evidence.
import { DAY_US, dayOf, dayText, isoOf } from '../calendar.ts';
import type { ChangedDay, Manifest, ManifestDay, Reason } from '../manifest.ts';
import { seriesText } from '../manifest.ts';
import type { KnownGap, Series } from '../source.ts';
import { dayUsOf } from './plan.ts';

type Content = Omit<Manifest, 'changes' | 'hash' | 'rows'>;

interface SeriesDay {
  readonly series: Series;
  readonly day: ManifestDay;
}

export function changedDays(before: Content, after: Content): ChangedDay[] {
  const old = daysOf(before);
  const now = daysOf(after);
  const changes: ChangedDay[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(key);
    const is = now.get(key);
    if (was?.day[1] === is?.day[1] && was?.day[2] === is?.day[2]) continue;
    const { day, series } = (is ?? was) as SeriesDay;
    changes.push({
      series,
      day: day[0],
      rowsBefore: was?.day[1] ?? 0,
      rows: is?.day[1] ?? 0,
      ...whyChanged(before, after, series, dayUsOf(day[0])),
    });
  }
  return changes.sort((a, b) => (seriesText(a.series) + a.day < seriesText(b.series) + b.day ? -1 : 1));
}

function daysOf({ files }: Content): Map<string, SeriesDay> {
  const days = new Map<string, SeriesDay>();
  for (const { days: list, series } of files)
    for (const day of list) days.set(`${seriesText(series)} ${day[0]}`, { series, day });
  return days;
}

/** The likeliest reason first: a correction may move every row; behind the end of the old version rows are new; else a gap, else a revision. */
function whyChanged(
  before: Content,
  after: Content,
  series: Series,
  dayUs: number,
): { reason: Reason; evidence: string | null } {
  const correction = correctionSince(before, after);
  if (correction !== null) return { reason: 'clock', evidence: correction };
  if (dayUs >= dayOf(before.selection.toUs - 1)) {
    const until = isoOf(before.selection.toUs);
    return { reason: 'extended', evidence: `version ${before.version} ends at ${until}` };
  }
  const gap = healedGaps(before, after, series).find(
    (each) => each.fromUs < dayUs + DAY_US && (each.toUs ?? Infinity) > dayUs,
  );
  if (gap !== undefined) return { reason: 'healed', evidence: `gap ${gap.gapId}` };
  if (KEPT_IN_VERSIONS.has(after.kind))
    return { reason: 'revised', evidence: `seen since ${isoOf(before.createdUs)} on ${dayText(dayUs)}` };
  return { reason: 'unexplained', evidence: null };
}

/** Kinds of which the broker may give another answer later; each answer is kept. */
export const KEPT_IN_VERSIONS: ReadonlySet<string> = new Set([
  'bars',
  'deals',
  'positions',
  'gaps',
  'daily_quality',
]);

/** The newest correction of rows since a version, told in words. */
export function correctionSince(before: Content, after: Content): string | null {
  const since = after.corrections.filter(({ appliedUs }) => appliedUs > before.createdUs);
  const newest = since.at(-1);
  if (newest === undefined) return null;
  return `${newest.server}: ${newest.ruleId ?? 'another rule'} since ${isoOf(newest.appliedUs)}`;
}

/** Gaps of a series whose state changed since a version and that got rows. */
export function healedGaps(before: Content, after: Content, series: Series): KnownGap[] {
  const states = new Map(before.gaps.map((gap) => [gap.gapId, gap.rowsHealed ?? 0]));
  return after.gaps.filter(
    (gap) =>
      (gap.rowsHealed ?? 0) > (states.get(gap.gapId) ?? 0) &&
      (series.feed === undefined || gap.feed === series.feed) &&
      (series.account === undefined || gap.account === series.account) &&
      (gap.symbol === null || series.symbol === undefined || gap.symbol === series.symbol),
  );
}
