// How a value becomes the bytes that are hashed, as docs/dataset-format.md defines it. In: a column of a Parquet file. Out: SQL whose
// results are hashed as they are in memory, so that no number is converted in JavaScript.
import type { Column } from '@fxtape/market/tables';
import { duckName } from '../duck.ts';

/** `fixed`: eight bytes. `text`: a length, then UTF-8. */
export type Encoded = 'fixed' | 'text';

/** The format's name for how a value is encoded. */
export type HashedAs = 'int64' | 'float64' | 'text';

export function hashedAs({ type }: Column): HashedAs {
  if (type === 'symbol' || type === 'varchar') return 'text';
  return type === 'double' ? 'float64' : 'int64';
}

export const encodedAs = (column: Column): Encoded => (hashedAs(column) === 'text' ? 'text' : 'fixed');

/** Times are microseconds since 1970, UTC. A null integer is the smallest of 64 bits; a null float is NaN; -0 is 0. */
export function encodedSql(column: Column): string {
  const name = duckName(column.name);
  switch (hashedAs(column)) {
    case 'text':
      return name;
    case 'float64':
      return `CASE WHEN ${name} IS NULL OR isnan(${name}) THEN 'nan'::DOUBLE ELSE ${name} + 0 END`;
    case 'int64': {
      const integer = column.type === 'timestamp' ? `epoch_us(${name})` : `${name}::BIGINT`;
      return `coalesce(${integer}, -9223372036854775808)`;
    }
  }
}
