// What a dataset may hold. In: the tables. Out: for each kind its columns, how it is split into partitions, and the order of its rows.
import { type Column, liveTables, tables } from '@fxtape/market/tables';

export const KINDS = [
  'ticks',
  'bars',
  'deals',
  'positions',
  'account_events',
  'gaps',
  'daily_quality',
] as const;
export type KindName = (typeof KINDS)[number];

/** Text formats in which a selection can be written instead of a dataset. */
export const FORMS = ['csv', 'mt5-csv'] as const;
export type Form = (typeof FORMS)[number];

/** A partition column that says to which series a row belongs. */
export type SeriesColumn = 'feed' | 'symbol' | 'account';

export interface DatasetKind {
  readonly name: KindName;
  /** Partition columns before the period. Their values are in folder names, not in the files. */
  readonly series: readonly SeriesColumn[];
  readonly period: 'month' | 'year';
  /** The column that decides a row's period and UTC day. */
  readonly time: string;
  /** Columns in which two recorders of one stream agree, in the order of the file. The first is `time`. */
  readonly columns: readonly Column[];
  /** Columns that depend on when and how this recorder received a row; in the files only with `--with-reception`. */
  readonly reception: readonly Column[];
  /** Rows of a series are sorted by these columns; no two rows are equal in all of them. */
  readonly order: readonly string[];
  /** Columns that identify a row of a series; empty where equal rows may occur, as with ticks. */
  readonly key: readonly string[];
  /** Its largest value grows whenever a row is added or changed: a day with the same count and stamp counts as unchanged. */
  readonly stamp: string;
  /** Rows are written anew with the same stamp: files are made anew by every update, and kept where they are equal. */
  readonly isRewritten: boolean;
  /** A row's time may change, and with it its day. */
  readonly isMovable: boolean;
}

interface Shape {
  readonly of: readonly Column[];
  readonly series: readonly SeriesColumn[];
  readonly period: DatasetKind['period'];
  readonly time?: string;
  readonly reception: readonly string[];
  readonly order: readonly string[];
  readonly key?: readonly string[];
  readonly stamp: string;
  readonly isRewritten?: boolean;
  readonly isMovable?: boolean;
}

function kind(name: KindName, shape: Shape): DatasetKind {
  const {
    isMovable = false,
    isRewritten = false,
    key = shape.order,
    of,
    reception,
    series,
    time = 'ts',
    ...rest
  } = shape;
  const inFiles = of.filter((column) => !(series as readonly string[]).includes(column.name));
  const at = inFiles.filter((column) => column.name === time);
  const isReceived = (column: Column): boolean => reception.includes(column.name);
  return {
    ...rest,
    name,
    key,
    series,
    isMovable,
    isRewritten,
    time,
    columns: [...at, ...inFiles.filter((column) => column.name !== time && !isReceived(column))],
    reception: inFiles.filter(isReceived),
  };
}

/** The columns of the view `gaps`, which has the newest row of `gap_events` for each gap. */
const gapColumns: readonly Column[] = [
  ...liveTables.gap_events.columns.filter(({ name }) => !['ts', 'event', 'writer'].includes(name)),
  { name: 'ts_updated', type: 'timestamp' },
];

const byAccount = { series: ['account'], period: 'year', reception: ['ts_seen'], stamp: 'ts_seen' } as const;

export const datasetKinds: Readonly<Record<KindName, DatasetKind>> = {
  ticks: kind('ticks', {
    of: tables.ticks.columns,
    series: ['feed', 'symbol'],
    period: 'month',
    reception: ['ts_recv', 'source', 'quality'],
    order: ['ts', 'ts_recv'],
    key: [],
    stamp: 'ts_recv',
  }),
  bars: kind('bars', {
    of: tables.bars.columns,
    series: ['feed', 'symbol'],
    period: 'year',
    reception: ['ts_seen'],
    order: ['ts', 'timeframe'],
    stamp: 'ts_seen',
  }),
  deals: kind('deals', { ...byAccount, of: tables.deals.columns, order: ['ts', 'deal_id'] }),
  positions: kind('positions', {
    ...byAccount,
    of: tables.positions.columns,
    order: ['ts', 'position_id'],
  }),
  account_events: kind('account_events', {
    of: tables.account_events.columns,
    series: ['account'],
    period: 'month',
    reception: [],
    order: ['ts'],
    stamp: 'ts',
  }),
  gaps: kind('gaps', {
    of: gapColumns,
    series: ['account'],
    period: 'year',
    time: 'ts_from',
    reception: ['ts_updated'],
    order: ['ts_from', 'gap_id'],
    stamp: 'ts_updated',
    isMovable: true,
  }),
  daily_quality: kind('daily_quality', {
    of: tables.daily_quality.columns,
    series: ['feed'],
    period: 'year',
    reception: [],
    order: ['ts', 'symbol'],
    stamp: 'ts',
    isRewritten: true,
  }),
};

/** Bars made from ticks (`Selection.resample`); the selection's kind is `ticks`. `ts` is the start of the interval. */
export const resampledKind: DatasetKind = {
  name: 'ticks',
  series: ['feed', 'symbol'],
  period: 'month',
  time: 'ts',
  columns: [
    { name: 'ts', type: 'timestamp' },
    { name: 'open', type: 'double' },
    { name: 'high', type: 'double' },
    { name: 'low', type: 'double' },
    { name: 'close', type: 'double' },
    { name: 'ticks', type: 'long' },
  ],
  reception: [],
  order: ['ts'],
  key: ['ts'],
  // Newest reception of an interval's ticks; the files do not have it.
  stamp: 'ts_recv',
  isRewritten: false,
  isMovable: false,
};

/** The kind of a selection: its rows are those of a table, or bars made from ticks. */
export const kindOf = ({
  kind,
  resample,
}: {
  readonly kind: KindName;
  readonly resample: unknown;
}): DatasetKind => (resample === null ? datasetKinds[kind] : resampledKind);
