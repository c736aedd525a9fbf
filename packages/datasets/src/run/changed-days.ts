// Which days of a new version differ from the version before, and why. In: both manifests. Out: a change per series and day, with evidence.
import { DAY_US, isoOf } from '../calendar.ts';
import type { ChangedDay, Manifest, ManifestDay, Reason } from '../manifest.ts';
import { seriesText } from '../manifest.ts';
import type { KnownCorrection, KnownGap, Series, UncoveredRange } from '../source.ts';
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

/**
 * The first reason that applies: a day after the end of the version before; a correction of its server, which may move any row; a gap into which
 * history brought rows since; a stretch that was not covered yet; a revision; a gap that history had filled before, whose rows were on their way.
 */
function whyChanged(
  before: Content,
  after: Content,
  series: Series,
  dayUs: number,
): { reason: Reason; evidence: string | null } {
  if (dayUs + DAY_US > before.selection.toUs) {
    const until = isoOf(before.selection.toUs);
    return { reason: 'extended', evidence: `version ${before.version} ends at ${until}` };
  }
  const correction = correctionSince(before, after, series);
  if (correction !== null) return { reason: 'clock', evidence: correction };
  const isOfDay = ({ fromUs, toUs }: KnownGap): boolean =>
    fromUs < dayUs + DAY_US && (toUs ?? Infinity) > dayUs;
  const { earlier, since } = healedGaps(before, after, series);
  const gap = since.find(isOfDay);
  if (gap !== undefined) return { reason: 'healed', evidence: `gap ${gap.gapId}` };
  const hole = before.uncovered.find(
    (each) => isUncoveredOf(each, series) && each.fromUs < dayUs + DAY_US && each.toUs > dayUs,
  );
  if (hole !== undefined) return { reason: 'extended', evidence: uncoveredEvidence(before.version) };
  if (REVISABLE_KINDS.has(after.kind))
    return { reason: 'revised', evidence: `seen after ${isoOf(before.createdUs)}` };
  const filled = earlier.find(isOfDay);
  if (filled !== undefined) return { reason: 'healed', evidence: `gap ${filled.gapId}` };
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

/** Corrections that the later version knows and the earlier does not, oldest first. No clock decides: two machines may have made them. */
export function newCorrections(
  before: Pick<Manifest, 'corrections'>,
  after: Pick<Manifest, 'corrections'>,
): readonly KnownCorrection[] {
  const known = new Set(before.corrections.map(correctionText));
  return after.corrections.filter((each) => !known.has(correctionText(each)));
}

const correctionText = ({ appliedUs, server }: KnownCorrection): string => `${appliedUs} ${server}`;

/** True when the correction moved rows of the series. */
export const concerns = ({ names }: KnownCorrection, { account, feed }: Series): boolean =>
  names.includes(feed ?? account ?? '');

/** The newest clock correction of a series since the version before, in words; null: none. */
export function correctionSince(before: Content, after: Content, series: Series): string | null {
  const newest = newCorrections(before, after).findLast((each) => concerns(each, series));
  if (newest === undefined) return null;
  return `${newest.server}: ${newest.ruleId ?? 'another rule'} since ${isoOf(newest.appliedUs)}`;
}

export const isUncoveredOf = (range: UncoveredRange, { account, feed, symbol }: Series): boolean =>
  (feed === undefined || range.feed === feed) &&
  (symbol === undefined || range.symbol === null || range.symbol === symbol) &&
  (account === undefined || range.account === account);

export const uncoveredEvidence = (version: number): string => `not yet covered in version ${version}`;

/** Gaps of a series into which history has brought rows: since the version before, and before it. */
export function healedGaps(
  before: Content,
  after: Content,
  series: Series,
): { readonly since: KnownGap[]; readonly earlier: KnownGap[] } {
  const rowsBefore = new Map(before.gaps.map((gap) => [gap.gapId, gap.rowsHealed ?? 0]));
  const isOfSeries = (gap: KnownGap): boolean =>
    (series.feed === undefined || gap.feed === series.feed) &&
    (series.account === undefined || gap.account === series.account) &&
    (gap.symbol === null || series.symbol === undefined || gap.symbol === series.symbol);
  const healed = after.gaps.filter((gap) => (gap.rowsHealed ?? 0) > 0 && isOfSeries(gap));
  const isSince = (gap: KnownGap): boolean => (gap.rowsHealed ?? 0) > (rowsBefore.get(gap.gapId) ?? 0);
  return { since: healed.filter(isSince), earlier: healed.filter((gap) => !isSince(gap)) };
}
