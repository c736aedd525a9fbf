// The public surface of @fxtape/market: everything that is pure.
export * from './clock/clock-rule.ts';
export * from './clock/parse-clock-rule.ts';
export * from './clock/infer-clock.ts';
export * from './clock/clock-offset.ts';
export * from './clock/measure-offset.ts';
export * from './clock/week-edges.ts';
export type { ClockMove } from './clock/clock-moves.ts';
export type { SymbolEdges } from './clock/clock-fit.ts';
export * from './clock/clock-watch.ts';
export * from './time.ts';
export * from './bound.ts';
export * from './heartbeat-judge.ts';
export * from './ledger.ts';
export * from './ledger-notes.ts';
export * from './moment-gaps.ts';
export * from './ledger-state.ts';
export * from './mark.ts';
export * from './normalise.ts';
export * from './rejected-row.ts';
export * from './tables/kinds.ts';
export * from './tables/tables.ts';
export { liveTables } from './tables/live.ts';
export type { Column, ColumnType, Row, TableDef } from './tables/column.ts';
export { FieldReader } from './read-fields.ts';
export * from './stream-key.ts';
export * from './symbol-book.ts';
export * from './tape-event.ts';
export * from './tick-marker.ts';
export * from './last-ticks.ts';
export * from './wire.ts';
export * from './clock/clock-span.ts';
export * from './clock/guard.ts';
export * from './clock/hold-judge.ts';
export * from './clock/line-sight.ts';
export * from './clock/ruling.ts';
export * from './pass-tracker.ts';
export * from './ledger-rows.ts';
export * from './set-aside-gaps.ts';
export * from './ranges.ts';
export * from './timeframe-grid.ts';
export * from './broker-range.ts';
export { type HistoryTimes, readHistoryTimes } from './history/history-times.ts';
export {
  EARLIEST_STORABLE_MS,
  type HistoryRows,
  type IncompleteRow,
  LATEST_STORABLE_MS,
  type RejectedAnswerRow,
} from './history/history-rows.ts';
export * from './history/history-bars.ts';
export * from './history/history-deals.ts';
export * from './history/history-positions.ts';
export * from './history/history-ticks.ts';
export * from './history/symbol-spec.ts';
export * from './history/same-row.ts';
export * from './history/history-claim.ts';
export * from './history/history-limit.ts';
export { type ComparableTick, tickKey } from './heal/tick-key.ts';
export * from './heal/missing-ticks.ts';
export * from './heal/agreement.ts';
export * from './heal/empty-proof.ts';
export * from './heal/missing-estimate.ts';
export * from './heal/tick-band.ts';
export * from './heal/silences.ts';
export * from './heal/undercount.ts';
export {
  readStatedText,
  type SessionWeek,
  spellMinute,
  spellWeek,
  spellWindows,
} from './sessions/session-week.ts';
export { inferSessions, type InferredSessions, type ObservedDay } from './sessions/infer-sessions.ts';
export { dateOf, midnightOf, SessionCalendar, type SessionRow } from './sessions/session-calendar.ts';
export * from './clock/broker-spans.ts';
export * from './clock/move-range.ts';
export * from './clock/corrected-rows.ts';
export * from './history/history-gap-id.ts';
