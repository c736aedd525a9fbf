// The corrected copy of a small table, written whole and read back. In: rows in the order of the table, possibly several for one key. Out: a
// copy with the valid row of each key and nothing else, which reading it back proves.
import { createHash } from 'node:crypto';
import type { Clock } from '@fxtape/ops';
import { type Row, type TableDef, tables } from '@fxtape/market';
import {
  createLike,
  dropTable,
  emptyTable,
  encodeRows,
  lastEntries,
  type QuestDbHttp,
  readRows,
  requireSettled,
  type RowCorrected,
  selectList,
  sqlTimestamp,
  storedColumns,
  stretchesOf,
  unlike,
} from '@fxtape/questdb';
import { notStored } from './errors.ts';

export const ROWS_AT_ONCE = 20_000;
const LINES_AT_ONCE = 5000;
const SETTLE_MS = 600_000;

type Http = Pick<QuestDbHttp, 'exec' | 'write'>;

/** Of moved rows with the same key, the one with the greatest rank is kept. */
export interface RankedRow {
  readonly row: Row;
  readonly rank: number;
}

/** The rows of a table, in pieces. Errors: as `exec`. */
export async function* rowsOf(http: Http, table: RowCorrected, source: string): AsyncGenerator<Row[]> {
  for (const { fromUs, toUs } of await stretchesOf(http, source, ROWS_AT_ONCE)) {
    const answer = await http.exec(
      `SELECT ${selectList(table)} FROM ${source} WHERE ts >= ${sqlTimestamp(fromUs)} AND ts < ${sqlTimestamp(toUs)}`,
      { deadlineMs: 120_000 },
    );
    yield readRows(table, answer) as Row[];
  }
}

/** Columns of a small table that are not fxtape's: they could not be carried over. Errors: as `exec`. */
export async function ownColumns(http: Http, table: RowCorrected, source: string): Promise<string[]> {
  const known = new Set(columnsOf(table));
  return (await storedColumns(http, source)).map(({ name }) => name).filter((name) => !known.has(name));
}

interface CopyOf {
  readonly http: Http;
  readonly clock: Clock;
  readonly table: RowCorrected;
  readonly source: string;
}

/**
 * Tries twice: QuestDB loses the next row of a connection that still knows a dropped table of this name.
 * Errors: CLOCK_APPLY_UNLIKE, QDB_REFUSED, QDB_SUSPENDED and those of `exec`.
 */
export async function writeCopy(
  of: CopyOf,
  copy: string,
  pieces: () => AsyncIterable<readonly RankedRow[]>,
): Promise<void> {
  for (const _ of [1, 2]) if (await isWritten(of, copy, pieces())) return;
  throw unlike(of.table, copy);
}

async function isWritten(
  { clock, http, source, table }: CopyOf,
  copy: string,
  pieces: AsyncIterable<readonly RankedRow[]>,
): Promise<boolean> {
  await emptyCopy(http, copy, source);
  const held = new Map<string, { readonly rank: number; readonly digest: string }>();
  for await (const piece of pieces) {
    const rows: Row[] = [];
    for (const { rank, row } of piece) {
      const key = digestOf(row, tables[table].keys);
      const known = held.get(key);
      if (known !== undefined && known.rank > rank) continue;
      held.set(key, { rank, digest: digestOf(row, columnsOf(table)) });
      rows.push(row);
    }
    await write(http, table, copy, rows);
  }
  await requireSettled(http, clock, [copy], { waitMs: SETTLE_MS });
  for await (const rows of rowsOf(http, table, copy))
    for (const row of rows) {
      const key = digestOf(row, tables[table].keys);
      if (held.get(key)?.digest !== digestOf(row, columnsOf(table))) return false;
      held.delete(key);
    }
  return held.size === 0;
}

/** A killed run may have left rows that would not be written now. */
async function emptyCopy(http: Http, copy: string, source: string): Promise<void> {
  if ((await lastEntries(http, [copy])).has(copy)) {
    const [is, should] = [await storedColumns(http, copy), await storedColumns(http, source)];
    if (JSON.stringify(is) === JSON.stringify(should)) return await emptyTable(http, copy);
    await dropTable(http, copy);
  }
  await createLike(http, copy, source);
}

async function write(http: Http, table: RowCorrected, copy: string, rows: readonly Row[]): Promise<void> {
  for (let at = 0; at < rows.length; at += LINES_AT_ONCE) {
    const encoded = encodeRows({ ...tables[table], name: copy }, rows.slice(at, at + LINES_AT_ONCE));
    const [refused] = encoded.refused;
    if (refused !== undefined) throw notStored(copy, refused.reason);
    const answer = await http.write(copy, encoded.body);
    if (answer.kind !== 'stored') throw notStored(copy, answer.message);
  }
}

const columnsOf = (table: RowCorrected): string[] =>
  (tables[table] as TableDef).columns.map(({ name }) => name);

const digestOf = (row: Row, columns: readonly string[]): string => {
  const values = columns.map((name) => {
    const value = row[name] ?? null;
    return typeof value === 'bigint' ? String(value) : value;
  });
  return createHash('sha1').update(JSON.stringify(values)).digest('base64');
};
