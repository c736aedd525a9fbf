// What a database needs to know about the tables, without the rest of the package.
export type { Column, ColumnType, Row, TableDef } from './column.ts';
export { isOfAccount, type Kind, type StreamKind, STREAMS } from './kinds.ts';
export { liveTables } from './live.ts';
export {
  type LiveTableName,
  type RowInput,
  STREAMED,
  tableDef,
  type TableName,
  type TableRow,
  tables,
} from './tables.ts';
export { MOMENT_GAPS } from './moment-gaps.ts';
export { type Timeframe, TIMEFRAMES } from './timeframes.ts';
