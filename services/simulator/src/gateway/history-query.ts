// `from` and `to` of a history request. In: the query. Out: both bounds in broker milliseconds, inclusive, or the sentence of
// a 400. Without a bound the history is open on that side.

import { parseBrokerQuery } from './broker-time-query.ts';

export interface BrokerBounds {
  readonly from: number;
  readonly to: number;
}

const DAY = 86_400_000;
const PLAIN_DATE = /^\d{4}-\d{2}-\d{2}$/;

export function bounds(query: URLSearchParams): BrokerBounds | string {
  const read = (name: string, open: number): number | null => {
    const text = query.get(name);
    return text === null ? open : parseBrokerQuery(text);
  };
  const from = read('from', Number.NEGATIVE_INFINITY);
  const to = read('to', Number.POSITIVE_INFINITY);
  if (from === null || to === null) return `invalid date in "${from === null ? 'from' : 'to'}"`;
  return from > to ? '"from" is after "to"' : { from, to };
}

/** Both bounds are required; with `datesOnly` they are days, and the day of `to` belongs to the range. */
export function tickBounds(query: URLSearchParams, datesOnly: boolean): BrokerBounds | string {
  for (const name of ['from', 'to']) {
    const text = query.get(name);
    if (text === null) return `missing query parameter "${name}"`;
    if (datesOnly && !PLAIN_DATE.test(text)) return `"${name}" is not a date (YYYY-MM-DD)`;
  }
  const read = bounds(query);
  return typeof read === 'string' || !datesOnly ? read : { from: read.from, to: read.to + DAY - 1 };
}
