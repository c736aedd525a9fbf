// The public surface of @fxtape/questdb: the only package that speaks to QuestDB.
export { AuditReader, type BarCount } from './read/audit-reader.ts';
export { type AppliedState, type AppliedTokens, AppliedWatch } from './wire/applied-watch.ts';
export { AppliedWriter, type AppliedRows, type RowsByTable } from './write/applied-writer.ts';
export { type ApplyStepRow, newestSteps, pausedStep } from './schema/apply-steps.ts';
export { type ClientConf, parseClientConf } from './wire/client-conf.ts';
export type { CoverageRange } from './read/coverage-islands.ts';
export { createTableSql } from './schema/create-table-sql.ts';
export { type EncodedRows, encodeInOrder, encodeRows, type RefusedRow } from './write/encode-rows.ts';
export { asObjects, type Cell, type ExecAnswer } from './wire/exec-answer.ts';
export type { AccountedTo, GapCount, GapRow, LatestTick, OutageRow } from './read/gap-rows.ts';
export { HistoryReader, type StreamKeyOf, type TimeRange } from './read/history-reader.ts';
export { DatasetSource } from './datasets/dataset-source.ts';
export { Database, type DatabaseTrouble } from './schema/database.ts';
export { databaseIdentity, migrate, type MigrateOptions } from './schema/migrate.ts';
export { pgQuery } from './wire/pg-query.ts';
export { type PgColumn, type PgRow, pgRows } from './wire/pg-rows.ts';
export { type OwnTape, type Recorded, RecorderLease, type RecorderPlace } from './write/recorder-lease.ts';
export { QuestDbPg } from './wire/quest-db-pg.ts';
export { type Migration, MIGRATIONS_DIR, readMigrations } from './schema/migration-files.ts';
export { type CallOptions, QuestDbHttp } from './wire/quest-db-http.ts';
export { PlanningReader, type RefusedRange } from './read/planning-reader.ts';
export { type TradeNumber, TradeReader, type TradeStream } from './read/trade-reader.ts';
export { type GapFilter, type OutageFilter, Reader, type SentRow } from './read/reader.ts';
export { EARLIEST_TS_US, LATEST_TS_US, RowEncoder } from './write/row-encoder.ts';
export { schemaDifferences } from './schema/schema-check.ts';
export { requireSettled, type SettledOptions } from './wire/settled-tables.ts';
export { sqlText, sqlTimestamp } from './wire/sql-text.ts';
export { TableWriter, type TableWriterOptions } from './write/table-writer.ts';
export type { Answered, CondemnedRow } from './write/submission.ts';
export { timeOrder } from './write/time-order.ts';
export type { WriteAnswer } from './wire/write-answer.ts';
export type { WriterState } from './write/writer-state.ts';
export { readRows, selectList } from './read/row-select.ts';
export { type TableStretch, tableStretches } from './read/table-stretches.ts';
export { type AppliedRule, type WritePermit, PAUSE_REACHES_MS, WriteGate } from './write/write-gate.ts';
export { CorrectedRows, type LostHour, type Reckoning } from './correct/corrected-rows.ts';
export { namesIn, storedColumns } from './correct/table-queries.ts';
export {
  CORRECTIONS,
  isSqlCorrected,
  ROW_CORRECTED,
  type RowCorrected,
  SQL_CORRECTED,
  type SqlCorrected,
} from './correct/corrected-tables.ts';
export { keptSinceUs, missingRows } from './correct/missing-rows.ts';
export type { OffsetSpan, WallClock } from './correct/offset-sql.ts';
export { TableCopy, unlike } from './correct/table-copy.ts';
export {
  createLike,
  dropTable,
  emptyTable,
  endStatements,
  endSync,
  isSyncing,
  lastEntries,
  renameTable,
  sameEntries,
  syncToDisk,
  tableNames,
} from './correct/table-names.ts';
export { type Stretch, stretchesOf, type Window } from './correct/windows.ts';
export { type WalTable, walTables } from './wire/wal-tables.ts';
