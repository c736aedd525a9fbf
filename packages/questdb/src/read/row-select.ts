// Reads whole rows as the table's definition types them. In: a table and the answer of `/exec` to its select list. Out: the objects that the
// writer takes, so that stored rows can be compared with received ones: timestamps as microseconds, longs as numbers while these are exact
// and as bigint beyond, doubles bit for bit, null where the table has no value.
import type { Cell, ExecAnswer } from '../wire/exec-answer.ts';
import type { Row, TableDef } from '@fxtape/market/tables';
import { type TableName, type TableRow, tables } from '@fxtape/market/tables';

/** The columns of the table in order; timestamps as longs, because as text they would have to be parsed. */
export function selectList(table: TableName): string {
  return tables[table].columns
    .map(({ name, type }) => (type === 'timestamp' ? `cast(${name} as long) ${name}` : name))
    .join(', ');
}

/** The rows of an answer to `SELECT <selectList>`. */
export function readRows<N extends TableName>(table: N, answer: ExecAnswer): TableRow<N>[] {
  const { columns }: TableDef = tables[table];
  const names = columns.map(({ name }) => name);
  const readers = columns.map(({ type }) => READERS[type] ?? asIs);
  return answer.dataset.map((cells) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i++) {
      const cell = cells[i] ?? null;
      row[names[i] as string] = cell === null ? null : (readers[i] as (cell: Cell) => unknown)(cell);
    }
    return row as Row as TableRow<N>;
  });
}

const asIs = (cell: Cell): unknown => cell;

const READERS: { readonly [type: string]: (cell: Cell) => unknown } = {
  timestamp: Number,
  long: exactLong,
};

/** A long, which arrives as text (`quoteLargeNum`): a number while that is exact, else a bigint. */
export function exactLong(cell: Cell): number | bigint {
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : BigInt(cell as string);
}
