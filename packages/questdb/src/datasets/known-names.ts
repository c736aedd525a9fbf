// Whether the names of a selection exist. In: a selection, and the series that were found for it. Out: nothing, or an error that lists the
// nearest names: a mistyped name would give an empty dataset that looks complete. A name is known if the kind's table has it at any time,
// or if it was ever recorded or configured. A known name without rows in the range is no error.
import { matchSymbols } from '@fxtape/config';
import type { Selection, Series } from '@fxtape/datasets';
import { TIMEFRAMES } from '@fxtape/market/tables';
import { FxtapeError, nearestOf } from '@fxtape/ops';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { invalid } from './interval-sql.ts';
import { isGlob } from './name-sql.ts';
import { type NameColumn, namesOf, narrowedBy, tableOf } from './row-sql.ts';

const COLUMNS: readonly NameColumn[] = ['feed', 'symbol', 'account', 'timeframe'];
const MOST_SHOWN = 5;
/** Small tables that name what is or was recorded. */
const RECORDED = ['coverage', 'streams'] as const;

/** Whether a series has the names that are selected. */
export function isSelected(selection: Selection, series: Series): boolean {
  return Object.entries(series).every(([column, name]) => {
    const names = namesOf(selection, column as NameColumn);
    return names.length === 0 || matchSymbols(names, [name]).matched.length > 0;
  });
}

/** `found`: the series that have rows in the range. Errors: DATASET_NAME_UNKNOWN, DATASET_SELECTION_INVALID and those of `exec`. */
export async function requireNames(
  http: Pick<QuestDbHttp, 'exec'>,
  selection: Selection,
  found: readonly Series[],
  options: CallOptions,
): Promise<void> {
  for (const column of COLUMNS) {
    const names = namesOf(selection, column);
    if (names.length === 0) continue;
    if (!narrowedBy(selection.kind).includes(column))
      throw invalid(`${selection.kind} cannot be selected by ${column}`);
    const inRange = column === 'timeframe' ? [] : found.flatMap((series) => series[column] ?? []);
    const missing = unmatched(names, inRange);
    if (missing.length === 0) continue;
    const known = column === 'timeframe' ? TIMEFRAMES : await knownNames(http, selection, column, options);
    const [name] = unmatched(missing, known);
    if (name !== undefined) throw unknown(column, name, known);
  }
}

const unmatched = (names: readonly string[], known: readonly string[]): string[] =>
  names.filter((name) => matchSymbols([name], known).matched.length === 0);

async function knownNames(
  http: Pick<QuestDbHttp, 'exec'>,
  selection: Selection,
  column: NameColumn,
  options: CallOptions,
): Promise<string[]> {
  const tables = [...RECORDED, tableOf({ ...selection, asOfUs: null })];
  const each = tables.map((table) => `SELECT DISTINCT ${column} FROM ${table}`);
  const { dataset } = await http.exec(each.join(' UNION '), options);
  return dataset.flatMap(([name]) => (typeof name === 'string' ? [name] : []));
}

function unknown(column: NameColumn, name: string, known: readonly string[]): FxtapeError {
  const near = nearestOf(name, known, MOST_SHOWN);
  const what = isGlob(name) ? `no ${column} fits "${name}"` : `there is no ${column} "${name}"`;
  const list = near.map((each) => `"${each}"`).join(', ');
  return new FxtapeError({
    code: 'DATASET_NAME_UNKNOWN',
    message: `${what}${near.length === 0 ? '; none is recorded' : `; the nearest are ${list}`}`,
    context: { [column]: name, near },
  });
}
