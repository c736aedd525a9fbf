// The public surface of @fxtape/datasets.
export {
  type DatasetKind,
  datasetKinds,
  type Form,
  type KindName,
  KINDS,
  resampledKind,
  type SeriesColumn,
} from './kinds.ts';
export type {
  DayRows,
  Extent,
  KnownClockRule,
  KnownCondition,
  KnownCorrection,
  KnownGap,
  Range,
  Resample,
  RowSource,
  Selection,
  Series,
  Slice,
  UncoveredRange,
} from './source.ts';
export type { AddFile, Commit, CommitInfo, DeltaColumn, Snapshot, TableMeta } from './delta/actions.ts';
export { type Checked, checkVersion } from './check.ts';
export { Dataset, SETTLE_US } from './dataset.ts';
export { DeltaLog, type DeltaLogOptions, type VersionInfo } from './delta/log.ts';
export { type Difference, diffVersions } from './diff.ts';
export { type Duck, duckName, readParquet, withDuck } from './duck.ts';
export { writeForm } from './forms.ts';
export { importVersion, type RowSink } from './import.ts';
export { type Manifest, seriesText } from './manifest.ts';
export { newCorrections } from './run/changed-days.ts';
export { receiveParquet, sha256Of } from './parquet-file.ts';
export { partitionFolder } from './delta/paths.ts';
export { uncoveredText } from './run/strict.ts';
export { openStore } from './store/open-store.ts';
export { proveSafe } from './store/prove-safe.ts';
export type { S3StoreOptions } from './store/s3-store.ts';
export type { Store, StoredFile } from './store/store.ts';
export { openVersion, vacuum, type VacuumOptions, type VacuumResult } from './vacuum.ts';
