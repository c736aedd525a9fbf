// The public surface of @fxtape/questdb: the only package that speaks to QuestDB.
export { AuditReader, type BarCount } from './audit-reader.ts';
export { type AppliedState, type AppliedTokens, AppliedWatch } from './applied-watch.ts';
export { AppliedWriter, type AppliedRows, type RowsByTable } from './applied-writer.ts';
export { type ApplyStepRow, newestSteps, pausedStep } from './apply-steps.ts';
export { type ClientConf, parseClientConf } from './client-conf.ts';
export type { CoverageRange } from './coverage-islands.ts';
export { createTableSql } from './create-table-sql.ts';
export { type EncodedRows, encodeInOrder, encodeRows, type RefusedRow } from './encode-rows.ts';
export { asObjects, type Cell, type ExecAnswer } from './exec-answer.ts';
export type { AccountedTo, GapCount, GapRow, LatestTick, OutageRow } from './gap-rows.ts';
export { HistoryReader, type StreamKeyOf, type TimeRange } from './history-reader.ts';
export { Database, type DatabaseTrouble } from './database.ts';
export { databaseIdentity, migrate, type MigrateOptions } from './migrate.ts';
export { pgQuery } from './pg-query.ts';
export { type PgColumn, type PgRow, pgRows } from './pg-rows.ts';
export { type OwnTape, type Recorded, RecorderClaims, type RecorderPlace } from './recorder-claims.ts';
export { QuestDbPg } from './quest-db-pg.ts';
export { type Migration, MIGRATIONS_DIR, readMigrations } from './migration-files.ts';
export { type CallOptions, QuestDbHttp } from './quest-db-http.ts';
export { PlanningReader, type RefusedRange } from './planning-reader.ts';
export { type TradeNumber, TradeReader, type TradeStream } from './trade-reader.ts';
export { type GapFilter, type OutageFilter, Reader, type SentRow } from './reader.ts';
export { EARLIEST_TS_US, LATEST_TS_US, RowEncoder } from './row-encoder.ts';
export { schemaDifferences } from './schema-check.ts';
export { requireSettled, type SettledOptions } from './settled-tables.ts';
export { sqlText, sqlTimestamp } from './sql-text.ts';
export { TableWriter, type TableWriterOptions } from './table-writer.ts';
export type { Answered, CondemnedRow } from './ticket.ts';
export { timeOrder } from './time-order.ts';
export type { WriteAnswer } from './write-answer.ts';
export type { WriterState } from './writer-state.ts';
export { readRows, selectList } from './row-select.ts';
export { type AppliedRule, type Pass, PAUSE_REACHES_MS, WriteGate } from './write-gate.ts';
export { CorrectedRows, type LostHour, type Reckoning } from './correction/corrected-rows.ts';
export { namesIn, storedColumns } from './correction/table-looks.ts';
export {
  CORRECTIONS,
  isSqlCorrected,
  ROW_CORRECTED,
  type RowCorrected,
  SQL_CORRECTED,
  type SqlCorrected,
} from './correction/corrected-tables.ts';
export { unlike } from './correction/errors.ts';
export { keptSinceUs, missingRows } from './correction/missing-rows.ts';
export type { OffsetSpan, WallClock } from './correction/offset-sql.ts';
export { TableCopy } from './correction/table-copy.ts';
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
} from './correction/table-names.ts';
export { type Stretch, stretchesOf, type Window } from './correction/windows.ts';
export { type WalTable, walTables } from './wal-tables.ts';
