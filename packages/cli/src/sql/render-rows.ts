// The rows of a statement as text. In: columns and rows as they come. Out: a table of the first thousand for people, or all of them piece by
// piece as CSV (RFC 4180: a header line, then rows; null is empty) or as one JSON array of objects.
import type { PgColumn, PgRow } from '@fxtape/questdb';
import { visible } from '@fxtape/ops';
import { table } from '../print/table.ts';

export type Rows = AsyncIterable<{ readonly columns: readonly PgColumn[] } | { readonly row: PgRow }>;

const MOST_TABLE_ROWS = 1000;

export async function asTable(rows: Rows): Promise<{ lines: string[]; cut: boolean }> {
  const taken: string[][] = [];
  let heads: string[] = [];
  let cut = false;
  for await (const item of rows) {
    if ('columns' in item) heads = item.columns.map(head);
    else if (taken.length < MOST_TABLE_ROWS) taken.push(item.row.map((value) => shown(value ?? 'null')));
    else {
      cut = true;
      break;
    }
  }
  return { lines: table(heads, taken), cut };
}

export async function* asCsv(rows: Rows): AsyncGenerator<string> {
  for await (const item of rows) {
    const cells = 'columns' in item ? item.columns.map(({ name }) => name) : item.row;
    yield `${cells.map((value) => quoted(value ?? '')).join(',')}\n`;
  }
}

export async function* asJson(rows: Rows): AsyncGenerator<string> {
  let columns: readonly PgColumn[] = [];
  let count = 0;
  for await (const item of rows) {
    if ('columns' in item) {
      ({ columns } = item);
      yield '[';
    } else yield `${count++ === 0 ? '' : ','}\n${objectOf(columns, item.row)}`;
  }
  yield `${count === 0 ? '' : '\n'}]\n`;
}

const head = ({ kind, name }: PgColumn): string =>
  kind === 'integer' || kind === 'number' ? `>${shown(name)}` : shown(name);

/** One line a row. */
const shown = (text: string): string => visible(text).replaceAll('\n', '\\u000a').replaceAll('\t', '\\u0009');

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Whole numbers that JSON cannot hold, and numbers that are none (NaN), stay text. */
function objectOf(columns: readonly PgColumn[], row: PgRow): string {
  const pairs = columns.map(
    ({ kind, name }, i) => `${JSON.stringify(name)}:${valueOf(kind, row[i] ?? null)}`,
  );
  return `{${pairs.join(',')}}`;
}

function valueOf(kind: PgColumn['kind'], value: string | null): string {
  if (value === null) return 'null';
  if (kind === 'boolean') return value === 't' || value === 'true' ? 'true' : 'false';
  const plain = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value);
  if (kind === 'number' && plain) return value;
  if (kind === 'integer' && plain && Number.isSafeInteger(Number(value))) return value;
  return JSON.stringify(value);
}
