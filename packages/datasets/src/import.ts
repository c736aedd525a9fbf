// Writes a version back into a database. In: a dataset with reception columns, and a sink for its rows. Out: the manifest of the version.
// The keys of the tables make a repetition harmless: an import that was cut off is run again.
import type { Column, Row } from '@fxtape/market/tables';
import { FxtapeError } from '@fxtape/ops';
import type { Dataset } from './dataset.ts';
import { type Duck, duckName, readParquet, withDuck } from './duck.ts';
import { type DatasetKind, kindOf, type KindName } from './kinds.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import { fileColumns } from './schema.ts';
import { sha256Of } from './parquet-file.ts';

/** Where rows go. */
export interface RowSink {
  /** Resolves when the rows are stored. Errors: DATASET_ROW_REFUSED, those of the database. */
  write(kind: KindName, rows: readonly Row[], signal?: AbortSignal): Promise<void>;
}

export interface ImportOptions {
  readonly version?: number | undefined;
  readonly onProgress?: ((progress: { rows: number; ofRows: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BATCH_ROWS = 20_000;

/** Returns the version's manifest. Errors: DATASET_NOT_IMPORTABLE, DATASET_FILE_WRONG, DATASET_ROW_REFUSED, those of store and sink. */
export async function importVersion(
  dataset: Dataset,
  sink: RowSink,
  options: ImportOptions = {},
): Promise<Manifest> {
  const { onProgress, signal } = options;
  const manifest = await dataset.manifest(options.version, signal);
  requireImportable(manifest);
  let rows = 0;
  await withDuck(async (duck) => {
    for (const file of manifest.files) {
      signal?.throwIfAborted();
      await dataset.store.withLocal(
        file.path,
        async (local) => {
          if ((await sha256Of(local)) !== file.sha256) throw wrongFile(file);
          await importFile(duck, local, manifest, file, sink, signal);
        },
        signal,
      );
      rows += file.rows;
      onProgress?.({ rows, ofRows: manifest.rows });
    }
  });
  return manifest;
}

function requireImportable({ kind, selection }: Manifest): void {
  const { reception } = kindOf(selection);
  const isDerived = kind === 'gaps' || selection.resample !== null;
  if (!isDerived && (reception.length === 0 || selection.reception)) return;
  throw new FxtapeError({
    code: 'DATASET_NOT_IMPORTABLE',
    message: isDerived
      ? `a dataset of ${selection.resample === null ? '`gaps`' : 'resampled bars'} cannot be imported: no recorded table has such rows`
      : `the dataset lacks ${reception.map(({ name }) => `\`${name}\``).join(', ')}, which the table needs`,
    context: { kind },
  });
}

async function importFile(
  duck: Duck,
  local: string,
  manifest: Manifest,
  file: ManifestFile,
  sink: RowSink,
  signal?: AbortSignal,
): Promise<void> {
  const kind: DatasetKind = kindOf(manifest.selection);
  const columns = fileColumns(kind, manifest.selection);
  const list = columns.map(readSql).join(', ');
  let batch: Row[] = [];
  for await (const chunk of duck.chunks(`SELECT ${list} FROM ${readParquet(local)}`, signal)) {
    for (const values of chunk.getRows()) batch.push(rowOf(columns, values, file.series));
    if (batch.length < BATCH_ROWS) continue;
    await sink.write(kind.name, batch, signal);
    batch = [];
  }
  if (batch.length > 0) await sink.write(kind.name, batch, signal);
}

const readSql = ({ name, type }: Column): string =>
  type === 'timestamp' ? `epoch_us(${duckName(name)})` : duckName(name);

function rowOf(columns: readonly Column[], values: readonly unknown[], series: Row): Row {
  const row: Record<string, unknown> = { ...series };
  for (const [i, { name }] of columns.entries()) {
    const value = values[i];
    row[name] = typeof value === 'bigint' && isExact(value) ? Number(value) : (value ?? null);
  }
  return row;
}

const isExact = (value: bigint): boolean => Number.isSafeInteger(Number(value));

const wrongFile = ({ path }: ManifestFile): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_FILE_WRONG',
    message: `${path}: its SHA-256 is not the one in the manifest`,
    context: { path },
  });
