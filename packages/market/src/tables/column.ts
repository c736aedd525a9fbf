// How a table is defined: columns with their type, their meaning, and whether they may be null; keys; partition. In: a literal. Out: the
// same definition for DDL, encoder, schema check and docs, typed so that `RowOf` gives the row as a plain object.

/** Types as QuestDB has them, in lower case. */
export type ColumnType = 'timestamp' | 'symbol' | 'varchar' | 'double' | 'long' | 'int' | 'boolean';

declare const valueOf: unique symbol;

/** One column. `V` is the type of its value in a row; the property exists only in types. */
export interface ColumnDef<V = unknown> {
  readonly type: ColumnType;
  /** For the data dictionary: what it means, with its unit. */
  readonly meaning: string;
  /** Never null. */
  readonly always: boolean;
  readonly [valueOf]?: V;
}

/** A MetaTrader identifier: a number where that is exact, else a bigint (64 bits). */
export type Id = number | bigint;

const column =
  <V>(type: ColumnType) =>
  <T extends V = V>(meaning: string): ColumnDef<T | null> => ({ type, meaning, always: false });

/** True UTC in integer microseconds. */
export const timestamp = column<number>('timestamp');
/** A text that many rows repeat. */
export const symbol = column<string>('symbol');
/** Any text. */
export const varchar = column<string>('varchar');
export const double = column<number>('double');
/** A count that may exceed 32 bits. */
export const long = column<number>('long');
export const id = column<Id>('long');
export const int = column<number>('int');
export const boolean = column<boolean>('boolean');

/** One of a few words. `more`: their meanings, if the words do not say them. */
export const word = <const W extends string>(words: readonly W[], more = ''): ColumnDef<W | null> => ({
  type: 'symbol',
  meaning: words.map((one) => `\`${one}\``).join(', ') + more,
  always: false,
});

/** The column has a value in every row. */
export const always = <V>(of: ColumnDef<V>): ColumnDef<NonNullable<V>> => ({
  type: of.type,
  meaning: of.meaning,
  always: true,
});

export type Columns = Readonly<Record<string, ColumnDef>>;

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

export interface TableDef {
  readonly name: string;
  /** Every table's designated timestamp: true UTC, microseconds. */
  readonly designated: 'ts';
  readonly columns: readonly Column[];
  /** DEDUP UPSERT KEYS; `ts` is the first. A key column that may be null is null for "all" or "does not apply". */
  readonly keys: readonly string[];
  /** Keys that a row must have. */
  readonly required: readonly string[];
  readonly partition: 'DAY' | 'MONTH' | 'YEAR';
}

/** A table with everything that the data dictionary says about it. */
export interface DescribedTable extends TableDef {
  readonly columns: readonly (Column & { readonly meaning: string })[];
  /** Who writes it. */
  readonly writer: string;
}

/** A row of any table. */
export type Row = { readonly [column: string]: unknown };

declare const columnsOf: unique symbol;
declare const keysOf: unique symbol;

/** A definition that knows its columns; the marks exist only in types. */
export interface Defined<C extends Columns, K extends string> extends DescribedTable {
  readonly [columnsOf]?: C;
  readonly [keysOf]?: K;
}

/** Columns in the order of the table, keys in order. */
export function defineTable<C extends Columns, const K extends keyof C & string>(def: {
  name: string;
  partition: TableDef['partition'];
  writer: string;
  columns: C;
  keys: readonly K[];
}): Defined<C, K> {
  const columns = Object.entries(def.columns);
  return {
    name: def.name,
    designated: 'ts',
    columns: columns.map(([name, { meaning, type }]) => ({ name, type, meaning })),
    keys: def.keys,
    required: def.keys.filter((key) => def.columns[key]?.always),
    partition: def.partition,
    writer: def.writer,
  };
}

/** A row of a table, named after its columns; null means "not known" or "does not apply", never zero. */
export type RowOf<T> =
  T extends Defined<infer C, string> ? { -readonly [P in keyof C]: ValueIn<C[P]> } : never;

/** A row as a writer takes it: it must have its keys; any other column may be omitted, and is then null. */
export type RowInputOf<T> =
  T extends Defined<infer C, infer K>
    ? { readonly [P in keyof C as P extends K ? P : never]: InputOf<C[P]> } & {
        readonly [P in keyof C as P extends K ? never : P]?: InputOf<C[P]> | null | undefined;
      }
    : never;

/** Words as any text: a writer may pass words that it read back from the database. */
type InputOf<D> = ValueIn<D> extends infer V ? (V extends string ? string : V) : never;
type ValueIn<D> = D extends ColumnDef<infer V> ? V : never;
