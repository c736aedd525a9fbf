// The public surface of @fxtape/market: everything that is pure.
export * from './time/clock-rule.ts';
export * from './time/parse-clock-rule.ts';
export * from './clock/infer-clock.ts';
export * from './time/clock-offset.ts';
export * from './clock/measure-offset.ts';
export * from './clock/week-edges.ts';
export type { ClockMove } from './clock/clock-moves.ts';
export type { SymbolEdges } from './clock/clock-fit.ts';
export * from './live/clock-watch.ts';
export * from './time/time.ts';
export * from './time/units.ts';
export * from './live/bound.ts';
export * from './live/heartbeat-judge.ts';
export * from './live/ledger.ts';
export * from './live/ledger-notes.ts';
export * from './tables/moment-gaps.ts';
export * from './live/ledger-state.ts';
export * from './live/mark.ts';
export * from './live/normalise.ts';
export * from './tables/rejected-row.ts';
export * from './tables/kinds.ts';
export * from './tables/tables.ts';
export { liveTables } from './tables/live.ts';
export type { Column, ColumnType, Row, TableDef } from './tables/column.ts';
export { FieldReader, EARLIEST_STORABLE_MS, LATEST_STORABLE_MS } from './tables/read-fields.ts';
export * from './tables/stream-key.ts';
export * from './live/known-symbols.ts';
export * from './live/tape-event.ts';
export * from './live/tick-marker.ts';
export * from './live/last-ticks.ts';
export * from './tables/wire.ts';
export * from './time/clock-span.ts';
export * from './live/guard.ts';
export * from './live/hold-judge.ts';
export * from './live/line-sight.ts';
export { statedTime } from './live/stated-time.ts';
export * from './live/ruling.ts';
export * from './time/fold-tracker.ts';
export * from './live/ledger-rows.ts';
export * from './live/set-aside-gaps.ts';
export * from './time/ranges.ts';
export * from './time/timeframe-grid.ts';
export * from './time/broker-range.ts';
export { type HistoryTimes, readHistoryTimes } from './history/history-times.ts';
export { type HistoryRows, type IncompleteRow, type RejectedAnswerRow } from './history/history-rows.ts';
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
  type ObservedDay,
} from './sessions/session-week.ts';
export { inferSessions, type InferredSessions } from './sessions/infer-sessions.ts';
export { dateOf, midnightOf, SessionCalendar, type SessionRow } from './sessions/session-calendar.ts';
export * from './time/broker-spans.ts';
export * from './time/move-range.ts';
export * from './history/corrected-rows.ts';
export * from './history/history-gap-id.ts';
