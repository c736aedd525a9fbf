// The rules that a broker's clock is held against. In: the offset of today, where it is known, and rules that were decided before. Out:
// simple rules, the likelier first: most brokers put their midnight at 17:00 in New York.

import type { ClockRule } from './clock-rule.ts';
import { fixedRule, parseClockRule } from './parse-clock-rule.ts';

const SHIFTS_H = [7, 6, 8, 5, 4, 3, 2, 1, 0, 9, 10] as const;
const USUAL = [
  'America/New_York+7h',
  'Europe/Athens',
  'Europe/London',
  'Europe/Berlin',
  'UTC',
  'UTC+2h',
  'UTC+3h',
  'UTC+1h',
  'UTC+4h',
] as const;

export const clockCandidates = (todayOffsetS: number | null, known: readonly string[]): ClockRule[] => {
  const pieces = known.flatMap((text) => parseClockRule(text).pieces.map(({ rule }) => rule));
  const shifted = SHIFTS_H.map((hours) => `America/New_York${hours === 0 ? '' : `+${hours}h`}`);
  const rules = [...USUAL, ...pieces, ...shifted].map(parseClockRule);
  if (todayOffsetS !== null) rules.push(fixedRule(todayOffsetS));
  return [...new Map(rules.map((rule) => [rule.id, rule])).values()];
};
