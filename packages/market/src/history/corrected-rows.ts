// Rows of the small tables as another clock rule would have written them. In: a row, the rule it was written with, and the right rule. Out:
// the rows to write instead: the same object if nothing changes, none if nothing is left.

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
 * A row of coverage. `left`: hours whose history rows are removed, so history no longer covers them; live coverage does. A claim names the new
 * rule even if its bounds stay.
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

/** A gap. Its id changes with its range if it is made from the range. */
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

/** The corrected row, or the moment of its closing, which becomes a gap: positions are read and claimed by closing time. */
export type CorrectedPosition = { readonly row: PositionRow } | { readonly left: Range };

/**
 * A closed round trip. `old` reads the close; the opening has its own offset. The row is left out if the fold of its opening cannot be
 * determined.
 */
export const correctPosition = (row: PositionRow, old: ClockRule, rule: ClockRule): CorrectedPosition => {
  const closed = correctTold(row.ts_close, old.offsetAt(row.ts_close / 1000), old, rule);
  // The closing time is no key, so the first fold is used when the fold is unknown.
  const closeUs = closed?.us ?? moveTime(row.ts_close, old, rule, 1);
  const opened = correctTold(row.ts, row.utc_offset_s, old, rule);
  if (opened === null) return { left: closeInstant(closed?.us ?? null, closeUs, rule) };
  if (opened.us === row.ts && opened.offsetS === row.utc_offset_s && closeUs === row.ts_close) return { row };
  return { row: { ...row, ts: opened.us, utc_offset_s: opened.offsetS, ts_close: closeUs } };
};

/** Both folds of the hour if the fold of the closing is unknown too. */
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

/** When a broker day began: the broker's midnight nearest to the one that the old rule gave. */
export const correctDay = (us: number, rule: ClockRule): number =>
  startOf(nearestMidnight(rule.toBroker(utcMs(us / 1000))), rule);

/** A decision about trading sessions: the rule it names, and the time from which it is valid. */
interface DatedDecision {
  readonly ts: number;
  readonly rule_id: string | null;
}

/**
 * A decision about trading sessions. Its windows are broker time and stay. It is valid from a midnight of the broker, which is read with the
 * rule that the row names; a row without a rule is taken to be near the right midnight.
 */
export const correctSession = <R extends DatedDecision>(row: R, rule: ClockRule): R => {
  const old = row.rule_id === null || row.rule_id === '' ? rule : parseClockRule(row.rule_id);
  const ts = startOf(nearestMidnight(old.toBroker(utcMs(row.ts / 1000))), rule);
  return ts === row.ts && names(row.rule_id, rule) ? row : { ...row, ts, rule_id: rule.id };
};

/** A day that begins in a skipped hour begins an hour later on the wall clock. It is still that day. */
const nearestMidnight = (wall: BrokerMs): BrokerMs => brokerMs(Math.round(wall / DAY_MS) * DAY_MS);

const startOf = (midnight: BrokerMs, rule: ClockRule): number => rule.read(midnight, { fold: 1 }).ms * 1000;

/** True for the rule itself and for each of its pieces. */
const names = (id: string | null, rule: ClockRule): boolean =>
  id === rule.id || rule.pieces.some((piece) => piece.rule === id);
