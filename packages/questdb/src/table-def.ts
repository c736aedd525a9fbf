// The shape of a table as the recorder means it: columns with types, keys, partition. In: a literal definition. Out: the same
// definition, typed so that `RowOf` knows the columns, and the reference for DDL, encoder and schema check alike.

export type ColumnType = 'timestamp' | 'symbol' | 'varchar' | 'double' | 'long' | 'int' | 'boolean';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

export interface TableDef {
  readonly name: string;
  /** Every table's designated timestamp: true UTC, microseconds. */
  readonly designated: 'ts';
  readonly columns: readonly Column[];
  /** DEDUP UPSERT KEYS; `ts` is the first. */
  readonly keys: readonly string[];
  /** Columns that a row must have. A key column outside this list may be null, which means "all". */
  readonly required: readonly string[];
  readonly partition: 'DAY' | 'MONTH' | 'YEAR';
}

/** Columns written by name as `{ name: type }`; keys in order. Keys are required unless `optionalKeys` names them. */
export function defineTable<
  const N extends string,
  const C extends Record<string, ColumnType>,
  const K extends readonly (keyof C & string)[],
  const O extends K[number] = never,
>(def: {
  name: N;
  partition: TableDef['partition'];
  columns: C;
  keys: K;
  optionalKeys?: readonly O[];
}): DefinedTable<N, C, Exclude<K[number], O>, O> {
  const optional = new Set<string>(def.optionalKeys ?? []);
  return {
    name: def.name,
    designated: 'ts',
    columns: Object.entries(def.columns).map(([name, type]) => ({ name, type })),
    keys: def.keys,
    required: def.keys.filter((key) => !optional.has(key)),
    partition: def.partition,
  };
}

/** Type marks only; no such property exists at run time. */
declare const columnsOf: unique symbol;
declare const requiredOf: unique symbol;
declare const optionalKeysOf: unique symbol;

export interface DefinedTable<
  N extends string,
  C extends Record<string, ColumnType>,
  R extends string,
  O extends string,
> extends TableDef {
  readonly name: N;
  readonly [columnsOf]?: C;
  readonly [requiredOf]?: R;
  readonly [optionalKeysOf]?: O;
}

interface ValueOf {
  /** Integer microseconds, UTC. */
  timestamp: number;
  symbol: string;
  varchar: string;
  double: number;
  long: number | bigint;
  int: number;
  boolean: boolean;
}

/**
 * A row as a plain object named after the columns. Null or left out = the column is not written (null in the table).
 * Key columns must be given, the optional ones possibly as null.
 */
export type RowOf<T> =
  T extends DefinedTable<string, infer C, infer R, infer O>
    ? { readonly [P in keyof C as P extends R ? P : never]: ValueOf[C[P]] } & {
        readonly [P in keyof C as P extends O ? P : never]: ValueOf[C[P]] | null;
      } & {
        readonly [P in keyof C as P extends R | O ? never : P]?: ValueOf[C[P]] | null;
      }
    : never;

/** A row of any table, as the encoder sees it. */
export type Row = { readonly [column: string]: unknown };
