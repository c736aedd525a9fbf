// The trading week of currencies and metals: Sunday 17:00 to Friday 17:00 in New York; metals open an hour later. In: the number of a week. Out:
// its open and close in UTC.

import { brokerMs, type UtcMs } from '../time/time.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { weekStart } from './week-edges.ts';
import { HOUR_MS } from '../time/units.ts';

const newYork = parseClockRule('America/New_York');

const atNewYork = (localMs: number): UtcMs => newYork.read(brokerMs(localMs), { fold: 1 }).ms;

/** Sunday 17:00 in New York, after the Saturday noon at which the week begins. */
export const marketOpens = (week: number): UtcMs => atNewYork(weekStart(week) + 29 * HOUR_MS);

/** Friday 17:00 in New York, before the Saturday noon at which the week ends. */
export const marketCloses = (week: number): UtcMs => atNewYork(weekStart(week + 1) - 19 * HOUR_MS);
