// The schema of a dataset. In: a kind and a selection. Out: the table's metadata for the Delta log, and the columns for the manifest.
import { randomUUID } from 'node:crypto';
import type { Column } from '@fxtape/market/tables';
import type { DeltaColumn, TableMeta } from './delta/actions.ts';
import type { DatasetKind } from './kinds.ts';
import type { ManifestColumn } from './manifest.ts';
import type { Selection } from './source.ts';

const DELTA_TYPES = {
  timestamp: 'timestamp',
  symbol: 'string',
  varchar: 'string',
  double: 'double',
  long: 'long',
  int: 'integer',
  boolean: 'boolean',
} as const satisfies Record<Column['type'], DeltaColumn['type']>;

/** The columns of the Parquet files, in order. */
export const fileColumns = (kind: DatasetKind, { reception }: Pick<Selection, 'reception'>) =>
  reception ? [...kind.columns, ...kind.reception] : kind.columns;

const meaningOf = (column: Column): string => ('meaning' in column ? String(column.meaning) : '');

/** `manifestColumns`: those of the files. `meta`: for the log, with the partition columns and a new table id. */
export function tableMeta(kind: DatasetKind, selection: Selection) {
  const columns = fileColumns(kind, selection);
  const manifestColumns: readonly ManifestColumn[] = columns.map((column) => ({
    name: column.name,
    type: DELTA_TYPES[column.type],
    meaning: meaningOf(column),
    canonical: kind.columns.includes(column),
  }));
  const deltaColumns: readonly DeltaColumn[] = columns.map((column) => ({
    name: column.name,
    type: DELTA_TYPES[column.type],
    comment: meaningOf(column),
  }));
  const partitionColumns = [...kind.series, kind.period];
  const meta = (createdUs: number): TableMeta => ({
    id: randomUUID(),
    name: kind.name,
    description: `${kind.name} recorded by fxtape; times are UTC`,
    columns: [
      ...deltaColumns,
      ...partitionColumns.map((name) => ({ name, type: 'string' as const, comment: '' })),
    ],
    partitionColumns,
    configuration: { 'fxtape.kind': kind.name },
    createdMs: Math.floor(createdUs / 1000),
  });
  return { manifestColumns, meta };
}
