// The rows of a kind as SQL. In: a selection, a range, and maybe one series. Out: what to select from, and the conditions. With `asOfUs`,
// rows that have revisions come from these: of each row the newest revision that had been seen by then.
import { FxtapeError } from '@fxtape/ops';
import type { TableName } from '@fxtape/market/tables';
import type { KindName, Range, Selection, Series } from '@fxtape/datasets';
import { type DatasetKind, datasetKinds } from '@fxtape/datasets/kinds';
import { sqlEquals, sqlTimestamp, sqlWithin } from '../wire/sql-text.ts';
import { nameSql } from './name-sql.ts';

export interface RowSql {
  /** A table, or a query in brackets. It has the kind's columns. */
  readonly from: string;
  readonly where: readonly string[];
}

/** The table that holds a kind's rows, and the one with all their revisions. */
const TABLES: Readonly<Record<KindName, { readonly now: TableName; readonly revisions?: TableName }>> = {
  ticks: { now: 'ticks' },
  bars: { now: 'bars', revisions: 'bar_revisions' },
  deals: { now: 'deals', revisions: 'deal_revisions' },
  positions: { now: 'positions', revisions: 'position_revisions' },
  account_events: { now: 'account_events' },
  gaps: { now: 'gap_events' },
  daily_quality: { now: 'daily_quality' },
};

/** The columns, other than those of its series, by which a selection can narrow a kind. */
const NARROWED: Readonly<Record<KindName, readonly NameColumn[]>> = {
  ticks: [],
  bars: ['timeframe'],
  deals: ['symbol'],
  positions: ['symbol'],
  account_events: [],
  gaps: ['feed', 'symbol'],
  daily_quality: ['symbol'],
};

export type NameColumn = 'feed' | 'symbol' | 'account' | 'timeframe';

/** The names that a selection has for a column. */
export const namesOf = (selection: Selection, column: NameColumn): readonly string[] =>
  ({
    feed: selection.feeds,
    symbol: selection.symbols,
    account: selection.accounts,
    timeframe: selection.timeframes,
  })[column];

export const narrowedBy = (kind: KindName): readonly NameColumn[] => [
  ...datasetKinds[kind].series,
  ...NARROWED[kind],
];

/** The table whose rows are read. */
export function tableOf({ asOfUs, kind }: Pick<Selection, 'kind' | 'asOfUs'>): TableName {
  const { now, revisions } = TABLES[kind];
  return asOfUs === null ? now : (revisions ?? now);
}

/** Whether the newest revision of each row has to be found. */
export const hasRevisions = ({ asOfUs, kind }: Selection): boolean =>
  asOfUs !== null && TABLES[kind].revisions !== undefined;

/**
 * `everyRevision`: all revisions of each row instead of the newest, which is a cheap way to find the days that may have rows. Errors:
 * DATASET_AS_OF_UNKNOWN.
 */
export function rowSql(
  selection: Selection,
  range: Range,
  series: Series | null,
  { everyRevision = false }: { readonly everyRevision?: boolean } = {},
): RowSql {
  const { asOfUs, kind } = selection;
  const definition = datasetKinds[kind];
  const whose = series === null ? seriesNames(selection) : [sqlEquals(seriesOf(definition, series))];
  const narrow = NARROWED[kind].flatMap(
    // A gap without a name concerns every name.
    (column) => nameSql(column, namesOf(selection, column), { orNull: kind === 'gaps' }) ?? [],
  );
  if (kind === 'gaps') {
    const known = asOfUs === null ? whose : [...whose, `ts <= ${sqlTimestamp(asOfUs)}`];
    const from = `(SELECT *, ts ts_updated FROM gap_events${whereSql(known)} LATEST ON ts PARTITION BY gap_id)`;
    const { fromUs, toUs } = range;
    return {
      from,
      where: [`ts_from >= ${sqlTimestamp(fromUs)}`, `ts_from < ${sqlTimestamp(toUs)}`, ...narrow],
    };
  }
  const rows = [...whose, sqlWithin(range)];
  if (asOfUs === null) return { from: TABLES[kind].now, where: [...rows, ...narrow] };
  if (kind === 'daily_quality') throw asOfUnknown();
  const known = `${definition.stamp} <= ${sqlTimestamp(asOfUs)}`;
  const { now, revisions } = TABLES[kind];
  if (revisions === undefined) return { from: now, where: [...rows, known, ...narrow] };
  if (everyRevision) return { from: revisions, where: [...rows, known] };
  const key = [...definition.series, ...definition.order].join(', ');
  const ranked = `row_number() OVER (PARTITION BY ${key} ORDER BY ${definition.stamp} DESC) fx_nth`;
  // The narrowing columns may differ between revisions, so they are compared after the newest has been found.
  return {
    from: `(SELECT *, ${ranked} FROM ${revisions}${whereSql([...rows, known])})`,
    where: ['fx_nth = 1', ...narrow],
  };
}

/** As many names as a URL has room for. Beyond it all series are read: the caller filters them in any case. */
const NAMES_IN_SQL = 100;

function seriesNames(selection: Selection): string[] {
  return datasetKinds[selection.kind].series.flatMap((column) => {
    const names = namesOf(selection, column);
    return names.length > NAMES_IN_SQL ? [] : (nameSql(column, names) ?? []);
  });
}

function seriesOf({ name, series }: DatasetKind, given: Series): Record<string, string> {
  return Object.fromEntries(
    series.map((column) => {
      const value = given[column];
      if (value === undefined) throw new TypeError(`a series of ${name} without ${column}`);
      return [column, value];
    }),
  );
}

export const whereSql = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;

const asOfUnknown = (): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_AS_OF_UNKNOWN',
    message: 'earlier states of daily_quality are not kept',
  });
