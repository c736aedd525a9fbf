// Text files instead of a dataset, for tools that do not read Parquet: CSV, and what MetaTrader 5 imports into a custom symbol. In: a
// selection. Out: files in a folder, per partition. They have no log and no manifest.
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Column, TIMEFRAMES } from '@fxtape/market/tables';
import { FxtapeError } from '@fxtape/ops';
import { dayOf } from './calendar.ts';
import { partitionFolder } from './delta/paths.ts';
import { type Duck, duckName, duckText, readParquet, withDuck } from './duck.ts';
import { type DatasetKind, type Form, kindOf } from './kinds.ts';
import { makeFile } from './run/make-file.ts';
import { type PlannedFile, planFiles } from './run/plan.ts';
import { fileColumns } from './schema.ts';
import type { RowSource, Selection } from './source.ts';
import { FolderStore } from './store/folder-store.ts';

export interface FormOptions {
  readonly source: RowSource;
  readonly selection: Selection;
  readonly form: Form;
  readonly folder: string;
  readonly nowUs: number;
  readonly onProgress?: ((progress: { rows: number; ofRows: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Written {
  readonly path: string;
  readonly rows: number;
}

/** Errors: DATASET_FORM_UNSUPPORTED, DATASET_NOTHING, those of the source and of the folder. */
export async function writeForm(options: FormOptions): Promise<Written[]> {
  const { folder, form, nowUs, onProgress, selection, signal, source } = options;
  const kind = kindOf(selection);
  requireForm(options, kind);
  const store = new FolderStore(resolve(folder));
  const corrections = await source.corrections(selection, signal);
  const days = await source.days(selection, signal);
  const { make } = planFiles({
    kind,
    days,
    files: [],
    frozenBeforeUs: -Infinity,
    isCorrected: () => false,
    // Far ahead: no day counts as open, because there is no next update.
    openDayUs: dayOf(nowUs) + 1e15,
  });
  const ofRows = make.reduce((sum, { rows }) => sum + rows, 0);
  if (ofRows === 0)
    throw new FxtapeError({
      code: 'DATASET_NOTHING',
      message: `there are no rows of \`${kind.name}\` in this selection`,
    });
  const written: Written[] = [];
  let rows = 0;
  const parts = new Map<string, number>();
  const writeAll = async (duck: Duck): Promise<void> => {
    for (const planned of make) {
      signal?.throwIfAborted();
      const made = await makeFile(planned, { source, store, duck, kind, selection, corrections, signal });
      rows += planned.rows;
      if (made === null) continue;
      const partition = partitionFolder(kind.series, planned.series as Record<string, string>);
      const part = (parts.get(partition + planned.period) ?? 0) + 1;
      parts.set(partition + planned.period, part);
      for (const { name, sql } of textFiles(form, kind, selection, made.local)) {
        const path = join(partition, `${fileName(planned, part)}${name}`);
        const copied = await copyTo(duck, sql, form, join(resolve(folder), path));
        if (copied > 0) written.push({ path, rows: copied });
      }
      await rm(made.local, { force: true });
      onProgress?.({ rows, ofRows });
    }
  };
  try {
    await withDuck(writeAll);
  } finally {
    await rm(store.stagingDir, { recursive: true, force: true });
  }
  return written;
}

/** @throws DATASET_FORM_UNSUPPORTED */
function requireForm({ folder, form, selection }: FormOptions, { name }: DatasetKind): void {
  const why = [
    /^[a-z][a-z0-9+.-]*:\/\//i.test(folder) ? `\`--to ${form}\` writes into a folder, not to ${folder}` : [],
    form !== 'mt5-csv' || name === 'ticks' || name === 'bars'
      ? []
      : `MetaTrader imports ticks and bars, not \`${name}\``,
    form !== 'mt5-csv' || selection.resample === null
      ? []
      : 'MetaTrader makes bars of its own timeframes; resampled bars have no form for it',
  ].flat();
  const [message] = why;
  if (message !== undefined) throw new FxtapeError({ code: 'DATASET_FORM_UNSUPPORTED', message });
}

const fileName = ({ period }: PlannedFile, part: number): string =>
  part === 1 ? period : `${period}-${part}`;

interface TextFile {
  /** End of the file's name, after the period. */
  readonly name: string;
  readonly sql: string;
}

function textFiles(form: Form, kind: DatasetKind, selection: Selection, local: string): readonly TextFile[] {
  const from = `FROM ${readParquet(local)}`;
  if (form === 'csv') {
    const list = fileColumns(kind, selection).map(csvValue).join(', ');
    return [{ name: '.csv', sql: `SELECT ${list} ${from}` }];
  }
  if (kind.name === 'ticks') return [{ name: '.csv', sql: `SELECT ${MT5_TICK} ${from}` }];
  const timeframes = selection.timeframes.length > 0 ? selection.timeframes : TIMEFRAMES;
  return timeframes.map((timeframe) => ({
    name: `.${timeframe}.csv`,
    sql: `SELECT ${MT5_BAR} ${from} WHERE timeframe = ${duckText(timeframe)}`,
  }));
}

/** A column for CSV: times as ISO 8601 in UTC, to the microsecond. */
const csvValue = ({ name, type }: Column): string =>
  type === 'timestamp'
    ? `strftime(${duckName(name)} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS ${duckName(name)}`
    : duckName(name);

/** A row's time on the broker's clock, as MetaTrader shows it. */
const BROKER = "((ts AT TIME ZONE 'UTC') + to_seconds(utc_offset_s))";
const MT5_DATE = `strftime(${BROKER}, '%Y.%m.%d') AS "<DATE>"`;
/** Which of bid (2), ask (4), last (8) and volume (16) a tick states. */
const MT5_FLAGS =
  '(CASE WHEN bid IS NULL THEN 0 ELSE 2 END) + (CASE WHEN ask IS NULL THEN 0 ELSE 4 END) + (CASE WHEN "last" IS NULL THEN 0 ELSE 8 END) + (CASE WHEN volume IS NULL THEN 0 ELSE 16 END)';
const MT5_TICK = `${MT5_DATE}, strftime(${BROKER}, '%H:%M:%S.%g') AS "<TIME>", bid AS "<BID>", ask AS "<ASK>", "last" AS "<LAST>", volume AS "<VOLUME>", ${MT5_FLAGS} AS "<FLAGS>"`;
const MT5_BAR = `${MT5_DATE}, strftime(${BROKER}, '%H:%M:%S') AS "<TIME>", open AS "<OPEN>", high AS "<HIGH>", low AS "<LOW>", close AS "<CLOSE>", coalesce(tick_volume, 0) AS "<TICKVOL>", coalesce(real_volume, 0) AS "<VOL>", coalesce(spread_points, 0) AS "<SPREAD>"`;

/** Writes the rows of a query to a file, which appears whole or, without rows, not at all. Returns the number of rows. */
async function copyTo(duck: Duck, sql: string, form: Form, path: string): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.tmp`;
  const delimiter = form === 'csv' ? ',' : '\t';
  const [answer] = await duck.rows<{ Count: bigint }>(
    `COPY (${sql}) TO ${duckText(unfinished)} (FORMAT csv, HEADER, DELIMITER '${delimiter}')`,
  );
  const rows = Number(answer?.Count ?? 0);
  if (rows === 0) await rm(unfinished, { force: true });
  else await rename(unfinished, path);
  return rows;
}
