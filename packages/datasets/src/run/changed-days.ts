// Which days of a new version differ from the version before, and why. In: both manifests. Out: a change per series and day, with evidence.
import { DAY_US, dayOf, isoOf } from '../calendar.ts';
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

/** The first reason that applies: a correction, which may move any row; a day after the end of the version before; a gap; a revision. */
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
  if (REVISABLE_KINDS.has(after.kind))
    return { reason: 'revised', evidence: `seen after ${isoOf(before.createdUs)}` };
  return { reason: 'unexplained', evidence: null };
}

/** Kinds whose rows may change later: the broker gives another answer, or fxtape states a gap or a verdict anew. */
export const REVISABLE_KINDS: ReadonlySet<string> = new Set([
  'bars',
  'deals',
  'positions',
  'gaps',
  'daily_quality',
]);

/** The newest clock correction since the version before, in words; null: none. */
export function correctionSince(before: Content, after: Content): string | null {
  const since = after.corrections.filter(({ appliedUs }) => appliedUs > before.createdUs);
  const newest = since.at(-1);
  if (newest === undefined) return null;
  return `${newest.server}: ${newest.ruleId ?? 'another rule'} since ${isoOf(newest.appliedUs)}`;
}

/** Gaps of a series into which history has brought rows since the version before. */
export function healedGaps(before: Content, after: Content, series: Series): KnownGap[] {
  const rowsBefore = new Map(before.gaps.map((gap) => [gap.gapId, gap.rowsHealed ?? 0]));
  return after.gaps.filter(
    (gap) =>
      (gap.rowsHealed ?? 0) > (rowsBefore.get(gap.gapId) ?? 0) &&
      (series.feed === undefined || gap.feed === series.feed) &&
      (series.account === undefined || gap.account === series.account) &&
      (gap.symbol === null || series.symbol === undefined || gap.symbol === series.symbol),
  );
}
