// Quick tests for the rows that come by the ten thousand. In: a parsed row. Out: true when it surely is what its schema (market.ts) takes;
// false means only that the schema has to look. A test beside it holds the two together.
type Row = Record<string, unknown>;

const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isNumberOrNothing = (value: unknown): boolean =>
  value === undefined || value === null || isNumber(value);

/** As `wirePriceBar`. */
export const isPlainBar = (row: Row): boolean =>
  typeof row['time'] === 'string' &&
  isNumber(row['open']) &&
  isNumber(row['high']) &&
  isNumber(row['low']) &&
  isNumber(row['close']) &&
  isNumberOrNothing(row['tickVolume']) &&
  isNumberOrNothing(row['realVolume']) &&
  isNumberOrNothing(row['spread']);

/** As `wireQuoteTick`. */
export const isPlainTick = (row: Row): boolean =>
  (typeof row['time'] === 'string' || row['time'] === undefined || row['time'] === null) &&
  isNumberOrNothing(row['timeMsc']) &&
  isNumber(row['bid']) &&
  isNumber(row['ask']) &&
  isNumberOrNothing(row['last']) &&
  isNumberOrNothing(row['volume']);
