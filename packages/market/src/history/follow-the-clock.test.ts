// Bounds, readings and closing times together: a stream of bars that is followed over a switch of the clock, from a gateway that
// knows its wall clock only, ends complete and exact.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokerRange } from '../time/broker-range.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { type Range, subtract, unite } from '../time/ranges.ts';
import type { BarRow } from '../tables/tables.ts';
import { type BrokerMs, brokerMs, formatBrokerTime, parseBrokerTime, utcMs } from '../time/time.ts';
import { closedUntil } from '../time/timeframe-grid.ts';
import type { WireHistoryBar } from '../tables/wire.ts';
import { historyBars } from './history-bars.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const rule = parseClockRule('America/New_York+7h');
const wall = (utc: number): BrokerMs => rule.toBroker(utcMs(utc));
const STEP = { M1: MINUTE, M15: 15 * MINUTE, M30: 30 * MINUTE, H1: HOUR, H4: 4 * HOUR } as const;
type Timeframe = keyof typeof STEP;

/** UTC of the first minute of each bar that has begun by `now`, as the terminal cuts them on its wall clock. */
const barsUntil = (timeframe: Timeframe, from: number, now: number): number[] => {
  const begins: number[] = [];
  let open = Number.NaN;
  for (let utc = from; utc <= now; utc += MINUTE) {
    const at = wall(utc);
    const own = at - (at % STEP[timeframe]);
    if (own !== open) begins.push(utc);
    open = own;
  }
  return begins;
};

/** The gateway: bars whose wall-clock open lies between the bounds, both included, in order of time. */
const ask = (begins: readonly number[], range: Range, now: number, timeframe: Timeframe) => {
  const bounds = brokerRange(range, rule);
  const [from, to] = [bounds.from, bounds.to].map((text) => parseBrokerTime(text)?.ms ?? Number.NaN) as [
    number,
    number,
  ];
  const answer: WireHistoryBar[] = [];
  for (const utc of begins) {
    const open = wall(utc);
    if (open < from || open > to || utc > now) continue;
    answer.push({
      time: formatBrokerTime(open),
      open: utc / MINUTE,
      high: utc,
      low: 0,
      close: 1,
      tickVolume: 9,
    });
  }
  return historyBars(answer, { feed: 'f', symbol: 's', timeframe, rule, seenUs: 1, brokerNow: wall(now) });
};

test.each([
  ['back', Date.UTC(2026, 10, 1, 6)],
  ['forward', Date.UTC(2026, 2, 8, 7)],
])('followed while the clock goes %s, and asked for in any pieces afterwards', (_, at) => {
  fc.assert(
    fc.property(
      fc.constantFrom<Timeframe>('M1', 'M15', 'M30', 'H1', 'H4'),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 30 }),
      fc.boolean(),
      (timeframe, pauses, live) => {
        // A bar of the grid begins here: the open of the first four hours of that day.
        const start = rule.read(brokerMs(wall(at - 5 * HOUR) - (wall(at - 5 * HOUR) % (4 * HOUR))), {
          fold: 1,
        }).ms;
        const end = at + 12 * HOUR;
        const begins = barsUntil(timeframe, start, end);
        const stored = new Map<number, BarRow>();
        let covered: Range[] = [];
        let turn = 0;
        for (
          let now = live ? at - 3 * HOUR : end;
          ;
          now += (pauses[turn++ % pauses.length] as number) * 5 * MINUTE
        ) {
          const moment = Math.min(now, end);
          const until = closedUntil(timeframe, wall(moment), rule);
          const wanted = subtract([{ fromUs: start * 1000, toUs: until }], covered);
          for (const missing of wanted) {
            let piece = missing.fromUs;
            while (piece < missing.toUs) {
              const toUs = Math.min(
                missing.toUs,
                piece + (pauses[turn++ % pauses.length] as number) * 7 * MINUTE * 1000,
              );
              const got = ask(begins, { fromUs: piece, toUs }, moment, timeframe);
              const reach = Math.min(toUs, got.openFromUs ?? toUs);
              expect(got.ambiguous, 'an hour that could have been read').toEqual([]);
              expect(got.rejected).toEqual([]);
              for (const row of got.rows) if (row.ts >= piece && row.ts < reach) stored.set(row.ts, row);
              if (reach > piece) covered = unite([...covered, { fromUs: piece, toUs: reach }]);
              piece = toUs;
            }
          }
          if (moment === end) break;
        }
        const until = closedUntil(timeframe, wall(end), rule);
        expect(covered).toEqual([{ fromUs: start * 1000, toUs: until }]);
        const truth = begins.filter((utc) => utc * 1000 < until);
        expect([...stored.keys()].toSorted((a, b) => a - b)).toEqual(truth.map((utc) => utc * 1000));
        for (const utc of truth) expect(stored.get(utc * 1000)?.open).toBe(utc / MINUTE);
      },
    ),
    { numRuns: 60 },
  );
});
