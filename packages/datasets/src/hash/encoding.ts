// How a value becomes the bytes that are hashed; docs/dataset-format.md tells it to others. In: a column of a Parquet file. Out: SQL that
// gives the value in the form whose memory is hashed as it is, so that no number passes through JavaScript.
import type { Column } from '@fxtape/market/tables';
import { duckName } from '../duck.ts';

/** Eight bytes, or a length and a text. */
export type Encoded = 'fixed' | 'text';

/** The name that the format gives to a type: what a value is hashed as. */
export type HashedAs = 'int64' | 'float64' | 'text';

export function hashedAs({ type }: Column): HashedAs {
  if (type === 'symbol' || type === 'varchar') return 'text';
  return type === 'double' ? 'float64' : 'int64';
}

export const encodedAs = (column: Column): Encoded => (hashedAs(column) === 'text' ? 'text' : 'fixed');

/** Times are microseconds since 1970, UTC. A null integer is the smallest one; a null number is the NaN of IEEE 754; -0 is 0. */
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
