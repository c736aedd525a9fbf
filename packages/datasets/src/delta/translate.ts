// Translates our actions to those of the log, and back. What another tool wrote is refused if it affects which rows the table has and
// fxtape does not know it; it is never read as something else.
import type { AddFile, CommitInfo, DeltaColumn, TableMeta } from './actions.ts';
import { fromLogPath, toLogPath } from './paths.ts';
import {
  damaged,
  unsupported,
  type WireAdd,
  type WireInfo,
  type WireMeta,
  type WireProtocol,
} from './wire.ts';

/** In-commit timestamps, which survive a copy of the files, need writer version 7, which must name the features of version 2. */
export const PROTOCOL: WireProtocol = {
  minReaderVersion: 1,
  minWriterVersion: 7,
  writerFeatures: ['inCommitTimestamp', 'appendOnly', 'invariants'],
};
const IN_COMMIT = 'delta.enableInCommitTimestamps';

/** @throws DATASET_LOG_UNSUPPORTED when the table's rows may not be simply those of its files */
export function mustRead({ minReaderVersion, readerFeatures }: WireProtocol): void {
  if (minReaderVersion === 1) return;
  const needs = readerFeatures?.length ? ` (${readerFeatures.join(', ')})` : '';
  throw unsupported(
    `the dataset needs a reader of version ${minReaderVersion}${needs}; fxtape reads version 1`,
    {
      minReaderVersion,
      readerFeatures,
    },
  );
}

/** @throws DATASET_LOG_UNSUPPORTED when a new version would have to follow rules that fxtape does not know */
export function mustWrite({ minWriterVersion, writerFeatures }: WireProtocol): void {
  const known = PROTOCOL.writerFeatures ?? [];
  const unknown = (writerFeatures ?? []).filter((feature) => !known.includes(feature));
  if (unknown.length === 0 && minWriterVersion === 7 && (writerFeatures ?? []).includes('inCommitTimestamp'))
    return;
  const what = unknown.length > 0 ? `features ${unknown.join(', ')}` : `writer version ${minWriterVersion}`;
  throw unsupported(`another tool gave the dataset ${what}; fxtape can read it, but cannot add a version`, {
    minWriterVersion,
    writerFeatures,
  });
}

export function toWireMeta(meta: TableMeta): WireMeta {
  const fields = meta.columns.map(({ comment, name, type }) => ({
    name,
    type,
    nullable: true,
    metadata: comment === '' ? {} : { comment },
  }));
  return {
    id: meta.id,
    name: meta.name,
    description: meta.description,
    format: { provider: 'parquet', options: {} },
    schemaString: JSON.stringify({ type: 'struct', fields }),
    partitionColumns: meta.partitionColumns,
    configuration: { ...meta.configuration, [IN_COMMIT]: 'true' },
    createdTime: meta.createdMs,
  };
}

const TYPES: ReadonlySet<unknown> = new Set<DeltaColumn['type']>([
  'timestamp',
  'double',
  'long',
  'integer',
  'string',
  'boolean',
]);

export function fromWireMeta(meta: WireMeta, path: string): TableMeta {
  if (meta.format.provider !== 'parquet')
    throw unsupported(`the files are ${meta.format.provider}, not Parquet`);
  const { [IN_COMMIT]: _on, ...configuration } = meta.configuration ?? {};
  let fields: { name: string; type: unknown; metadata?: { comment?: unknown } }[];
  try {
    ({ fields } = JSON.parse(meta.schemaString) as { fields: typeof fields });
  } catch (cause) {
    throw damaged(`the schema in ${path} is not JSON`, { path }, cause);
  }
  const columns = fields.map(({ metadata, name, type }): DeltaColumn => {
    if (!TYPES.has(type)) throw unsupported(`the column ${name} has the type ${JSON.stringify(type)}`);
    const comment = typeof metadata?.comment === 'string' ? metadata.comment : '';
    return { name, type: type as DeltaColumn['type'], comment };
  });
  return {
    id: meta.id,
    name: meta.name ?? '',
    description: meta.description ?? '',
    columns,
    partitionColumns: meta.partitionColumns,
    configuration,
    createdMs: meta.createdTime ?? 0,
  };
}

/** The time column, whose smallest and largest value each file states: the first one. */
export const timeColumnOf = (meta: TableMeta): string => meta.columns[0]?.name ?? '';

export function toWireAdd(file: AddFile, timeColumn: string): WireAdd {
  const { firstUs, lastUs, rows } = file;
  const between = firstUs !== null && lastUs !== null;
  return {
    path: toLogPath(file.path),
    partitionValues: file.partitionValues,
    size: file.bytes,
    modificationTime: file.modifiedMs,
    dataChange: true,
    stats: JSON.stringify({
      numRecords: rows,
      minValues: between ? { [timeColumn]: isoOfUs(firstUs) } : {},
      maxValues: between ? { [timeColumn]: isoOfUs(lastUs) } : {},
      nullCount: { [timeColumn]: 0 },
    }),
  };
}

interface Stats {
  readonly numRecords?: number;
  readonly minValues?: Readonly<Record<string, unknown>>;
  readonly maxValues?: Readonly<Record<string, unknown>>;
}

export function fromWireAdd(add: WireAdd, timeColumn: string): AddFile {
  const path = storagePath(add.path);
  if (add.deletionVector !== undefined && add.deletionVector !== null)
    throw unsupported(`${path} has a deletion vector, which removes some of its rows`, { path });
  const partitionValues = Object.entries(add.partitionValues ?? {}).map(([column, value]) => {
    if (value === null) throw unsupported(`${path} has null as its ${column}`, { path });
    return [column, value] as const;
  });
  const stats = statsOf(add, path);
  if (stats?.numRecords === undefined || add.size === undefined || add.size === null)
    throw unsupported(`another tool wrote ${path} without its number of rows or its size`, { path });
  return {
    path,
    partitionValues: Object.fromEntries(partitionValues),
    bytes: add.size,
    modifiedMs: add.modificationTime,
    rows: stats.numRecords,
    firstUs: usOf(stats.minValues?.[timeColumn]),
    lastUs: usOf(stats.maxValues?.[timeColumn]),
  };
}

/** The storage path of a path in the log. @throws DATASET_LOG_DAMAGED; DATASET_LOG_UNSUPPORTED for a file outside the dataset */
export function storagePath(logPath: string): string {
  const path = fromLogPath(logPath);
  if (path === null) throw damaged(`the path ${JSON.stringify(logPath)} cannot be decoded`, { logPath });
  if (/^(\/|[A-Za-z][A-Za-z0-9+.-]*:)/.test(path))
    throw unsupported(`the file ${JSON.stringify(path)} is outside the dataset`, { path });
  return path;
}

function statsOf({ stats }: WireAdd, path: string): Stats | null {
  if (stats === undefined || stats === null) return null;
  try {
    return JSON.parse(stats) as Stats;
  } catch (cause) {
    throw damaged(`the statistics of ${path} are not JSON`, { path }, cause);
  }
}

export function fromWireInfo(info: WireInfo | undefined): CommitInfo {
  return {
    atMs: info?.inCommitTimestamp ?? info?.timestamp ?? 0,
    operation: info?.operation ?? '',
    txnId: info?.txnId ?? '',
    engineInfo: info?.engineInfo ?? '',
    fxtape: info?.fxtape ?? {},
  };
}

/** 2026-01-01T00:00:00.000000Z */
function isoOfUs(us: number): string {
  const ms = Math.floor(us / 1000);
  const below = String(us - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${below}Z`);
}

function usOf(iso: unknown): number | null {
  if (typeof iso !== 'string') return null;
  const match = /^(\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)$/.exec(iso);
  if (match === null) return null;
  const [, seconds, fraction = '', zone] = match;
  const ms = Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? null : ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
