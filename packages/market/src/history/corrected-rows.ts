// Rows of the small tables as they would stand if another clock rule had held from the start. In: a row, the rule that it was written with,
// the rule that is right. Out: the row or rows to write instead; the same object where nothing changes, nothing where nothing is left.

import { historyGapId } from './history-gap-id.ts';
import { bothFolds } from './history-times.ts';
import { subtract, type Range } from '../time/ranges.ts';
import type { CoverageRow, GapEventRow, PositionRow } from '../tables/tables.ts';
import { type BrokerMs, brokerMs, utcMs } from '../time/time.ts';
import type { ClockRule } from '../time/clock-rule.ts';
import { moveRange, moveTime, readAlike, tellsAlike } from '../time/move-range.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { DAY_MS } from '../time/units.ts';

/**
 * What is covered. `left` are hours that history was left out of: they are covered no more, unless what was streamed covers them. A claim
 * whose bounds stay names the new rule all the same.
 */
export const correctCoverage = (
  row: CoverageRow,
  old: ClockRule,
  rule: ClockRule,
  left: readonly Range[],
): readonly CoverageRow[] => {
  const written = { fromUs: row.ts, toUs: row.ts_to };
  const named = names(row.rule_id, rule);
  if (named && left.length === 0 && readAlike(written, old, rule)) return [row];
  const moved = moveRange(written, old, rule, 'inwards');
  if (moved === null) return [];
  const ranges = row.source === 'history' ? subtract([moved], left) : [moved];
  const same = ranges.length === 1 && ranges[0]?.fromUs === row.ts && ranges[0].toUs === row.ts_to;
  if (same && named) return [row];
  return ranges.map(({ fromUs, toUs }) => ({ ...row, ts: fromUs, ts_to: toUs, rule_id: rule.id }));
};

/** What is missing, and the name of a gap that is made of its range. */
export const correctGap = (row: GapEventRow, old: ClockRule, rule: ClockRule): GapEventRow => {
  const open = row.ts_to === null;
  const written = { fromUs: row.ts_from, toUs: row.ts_to ?? row.ts_from + 1 };
  const moved = moveRange(written, old, rule, 'outwards');
  if (moved === null) return row;
  const toUs = open ? null : moved.toUs;
  if (moved.fromUs === row.ts_from && toUs === row.ts_to) return row;
  const corrected = { ...row, ts_from: moved.fromUs, ts_to: toUs };
  const isOwn = (id: string): boolean => id === historyGapId(row, written, row.cause);
  const named = (id: string): string => (isOwn(id) ? historyGapId(row, moved, row.cause) : id);
  return { ...corrected, gap_id: named(row.gap_id), outage_id: named(row.outage_id) };
};

/** The row as it should stand, or the instant of the closing at which it is missing: by closing time positions are asked for and claimed. */
export type CorrectedPosition = { readonly row: PositionRow } | { readonly left: Range };

/**
 * A closed round trip. `old` reads the close; the opening has its offset beside it. It is left out where its opening lies in an hour that
 * nothing tells the fold of.
 */
export const correctPosition = (row: PositionRow, old: ClockRule, rule: ClockRule): CorrectedPosition => {
  const closed = correctTold(row.ts_close, old.offsetAt(row.ts_close / 1000), old, rule);
  // The close is no key: where nothing tells its fold the first one is taken, as for every answer that does not show both.
  const closeUs = closed?.us ?? moveTime(row.ts_close, old, rule, 1);
  const opened = correctTold(row.ts, row.utc_offset_s, old, rule);
  if (opened === null) return { left: closeInstant(closed?.us ?? null, closeUs, rule) };
  if (opened.us === row.ts && opened.offsetS === row.utc_offset_s && closeUs === row.ts_close) return { row };
  return { row: { ...row, ts: opened.us, utc_offset_s: opened.offsetS, ts_close: closeUs } };
};

/** Both folds of the hour when nothing tells when it closed either. */
const closeInstant = (toldUs: number | null, closeUs: number, rule: ClockRule): Range => {
  const hour = toldUs === null ? rule.repeatedHourAt(rule.toBroker(utcMs(closeUs / 1000))) : null;
  const fromUs = Math.floor(closeUs / 1000) * 1000;
  return hour === null ? { fromUs, toUs: fromUs + 1000 } : bothFolds(hour);
};

const correctTold = (
  us: number,
  offsetS: number,
  old: ClockRule,
  rule: ClockRule,
): { us: number; offsetS: number } | null => {
  const ms = Math.floor(us / 1000);
  const broker = brokerMs(ms + offsetS * 1000);
  const hour = rule.repeatedHourAt(broker);
  if (hour === null) {
    const reading = rule.read(broker, { fold: 1 });
    return { us: reading.ms * 1000 + (us - ms * 1000), offsetS: reading.offsetS };
  }
  return tellsAlike(old, rule, broker) ? { us, offsetS } : null;
};

/** When a broker's day began: the midnight of its wall clock nearest to the one that was taken for it. */
export const correctDay = (us: number, rule: ClockRule): number =>
  startOf(nearestMidnight(rule.toBroker(utcMs(us / 1000))), rule);

/** What a decision about trading sessions names and the time it is valid from. */
interface DatedDecision {
  readonly ts: number;
  readonly rule_id: string | null;
}

/**
 * A decision about trading sessions: what it says is wall clock and stays. It is valid from a midnight of the broker, which the rule that
 * the row names has to read; a row that names none was written near the right one.
 */
export const correctSession = <R extends DatedDecision>(row: R, rule: ClockRule): R => {
  const old = row.rule_id === null || row.rule_id === '' ? rule : parseClockRule(row.rule_id);
  const ts = startOf(nearestMidnight(old.toBroker(utcMs(row.ts / 1000))), rule);
  return ts === row.ts && names(row.rule_id, rule) ? row : { ...row, ts, rule_id: rule.id };
};

/** A day that begins where a clock is put on begins an hour later on that clock, and is that day all the same. */
const nearestMidnight = (wall: BrokerMs): BrokerMs => brokerMs(Math.round(wall / DAY_MS) * DAY_MS);

const startOf = (midnight: BrokerMs, rule: ClockRule): number => rule.read(midnight, { fold: 1 }).ms * 1000;

/** The rule itself, or one that it is made of. */
const names = (id: string | null, rule: ClockRule): boolean =>
  id === rule.id || rule.pieces.some((piece) => piece.rule === id);
