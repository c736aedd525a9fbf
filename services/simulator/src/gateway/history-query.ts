// Parses `from` and `to` of a history request. In: the query. Out: both bounds in broker milliseconds, inclusive, or the message of a 400. A missing
// bound leaves that side open.

import type { Scenario } from '../scenario.ts';
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

/**
 * Both bounds are required. When they are dates, the day of `to` is included (`dates_only`, and `dates_apart`, where it must be later than `from`) or
 * excluded (`dates_exclusive`).
 */
export function tickBounds(
  query: URLSearchParams,
  kind: Scenario['history']['quoteTicks'],
): BrokerBounds | string {
  const datesOnly = kind.startsWith('dates');
  for (const name of ['from', 'to']) {
    const text = query.get(name);
    if (text === null) return `missing query parameter "${name}"`;
    if (datesOnly && !PLAIN_DATE.test(text)) return `"${name}" is not a date (YYYY-MM-DD)`;
  }
  const read = bounds(query);
  if (typeof read === 'string' || !datesOnly) return read;
  if (kind !== 'dates_only' && read.from === read.to) return '"from" must be before "to"';
  return { from: read.from, to: kind === 'dates_exclusive' ? read.to - 1 : read.to + DAY - 1 };
}
