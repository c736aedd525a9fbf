// Whether history matches the live rows on both sides of a gap. In: rows around the gap, and two side ranges in which the live stream is
// complete. Out: yes, with the number of ticks compared; or no, with the most specific reason. Both must hold the same ticks at the same UTC
// times, as multisets of broker millisecond, prices, last and volume. Only then may history add ticks to the gap.

import type { Range } from '../time/ranges.ts';
import { brokerMsOf, type ComparableTick, sameTick, tickContent, tickPrices, ticksIn } from './tick-key.ts';
import { eachInstant, unpaired } from './tick-pairs.ts';
import { MINUTE_US, HOUR_US } from '../time/units.ts';

/** A side is sufficient if it is this wide … */
export const SIDE_US = MINUTE_US;
/** … or has this many live ticks. */
export const SIDE_TICKS = 50;

/**
 * `too_few`: a side is too narrow or empty. `resolution`: history has whole seconds only. `clock`: the same ticks at shifted times.
 * `last_volume`: the same ticks with another last or volume. `prices`: ticks at the same times with other prices. `history_lacks`,
 * `history_has_more`: only one of the two has some ticks.
 */
export type Disagreement =
  | 'resolution'
  | 'prices'
  | 'last_volume'
  | 'clock'
  | 'too_few'
  | 'history_lacks'
  | 'history_has_more';

export type Agreement =
  | { readonly agrees: true; readonly compared: number }
  | { readonly agrees: false; readonly why: Disagreement; readonly detail: string };

export interface AgreementOptions {
  readonly live: readonly ComparableTick[];
  readonly history: readonly ComparableTick[];
  readonly before: Range;
  readonly after: Range;
}

interface Side {
  readonly name: 'before' | 'after';
  readonly range: Range;
  readonly live: readonly ComparableTick[];
  readonly history: readonly ComparableTick[];
}

const HALF_HOUR_US = 1_800_000_000;
/** Clocks differ by at most 14 hours, in steps of half an hour. */
const MOST_SHIFTS = 28;
/** Fewer ticks than this may match at a shifted time by chance. */
const LEAST_SHIFTED = 3;

const no = (why: Disagreement, detail: string): Agreement => ({ agrees: false, why, detail });

/** Why a side is not sufficient; null if it is. */
const tooLittle = ({ name, range, live, history }: Side): string | null => {
  const widthUs = range.toUs - range.fromUs;
  if (widthUs < SIDE_US && live.length < SIDE_TICKS)
    return `the side ${name} the gap is ${Math.max(0, widthUs) / 1e6} s wide and has ${live.length} live ticks`;
  return live.length === 0 && history.length === 0 ? `the side ${name} the gap has no tick` : null;
};

const isWholeSecond = (tick: ComparableTick): boolean => brokerMsOf(tick) % 1000 === 0;

/** At most this many live ticks per side are searched for at shifted times. */
const SAMPLE = 500;

/** The shift in microseconds at which history has most of the live ticks; null if none has at least half of them. */
const findShift = (sides: readonly Side[], history: readonly ComparableTick[]): number | null => {
  const sample = sides.flatMap((side) => side.live.slice(0, SAMPLE));
  const contents = new Map<number, Set<string>>();
  for (const tick of history) {
    const known = contents.get(tick.ts);
    if (known === undefined) contents.set(tick.ts, new Set([tickContent(tick)]));
    else known.add(tickContent(tick));
  }
  const least = Math.max(LEAST_SHIFTED, sample.length / 2);
  let best: { shiftUs: number; fits: number } | null = null;
  for (let step = -MOST_SHIFTS; step <= MOST_SHIFTS; step++) {
    const shiftUs = step * HALF_HOUR_US;
    const fits = sample.filter((tick) => contents.get(tick.ts + shiftUs)?.has(tickContent(tick))).length;
    if (fits >= least && fits > (best?.fits ?? 0)) best = { shiftUs, fits };
  }
  return best === null || best.shiftUs === 0 ? null : best.shiftUs;
};

/** Counts ticks that only one of the two has, and pairs of them with the same time or the same prices. */
const compare = (sides: readonly Side[]) => {
  const found = { onlyLive: 0, onlyHistory: 0, sameTime: 0, samePrices: 0 };
  for (const { live, history } of sides)
    eachInstant(live, history, (a, b) => {
      const rest = unpaired(a, b, sameTick);
      found.onlyLive += rest.a.length;
      found.onlyHistory += rest.b.length;
      found.sameTime += Math.min(rest.a.length, rest.b.length);
      const priced = unpaired(rest.a, rest.b, (x, y) => tickPrices(x) === tickPrices(y));
      found.samePrices += rest.a.length - priced.a.length;
    });
  return found;
};

/** Why two unequal multisets differ. */
const explain = (
  sides: readonly Side[],
  allHistory: readonly ComparableTick[],
  { onlyLive, onlyHistory, sameTime, samePrices }: ReturnType<typeof compare>,
): Agreement => {
  const live = sides.flatMap((side) => side.live);
  const history = sides.flatMap((side) => side.history);
  if (history.length > 0 && history.every(isWholeSecond) && !live.every(isWholeSecond))
    return no(
      'resolution',
      `all ${history.length} ticks of history are at whole seconds, the live ones are not`,
    );
  const shiftUs = findShift(sides, allHistory);
  if (shiftUs !== null) return no('clock', `history has the live ticks shifted by ${shiftUs / HOUR_US} h`);
  const counts = `of ${live.length} live ticks ${onlyLive} are not in history, and ${onlyHistory} are in history only`;
  const most = Math.max(onlyLive, onlyHistory) / 2;
  if (samePrices > most) return no('last_volume', `last or volume differs: ${counts}`);
  if (sameTime > most) return no('prices', `prices differ at equal times: ${counts}`);
  return onlyLive > 0 ? no('history_lacks', counts) : no('history_has_more', counts);
};

/** Compares history with the live rows on both sides of a gap. One feed and symbol; rows elsewhere are ignored. */
export const agreement = ({ live, history, before, after }: AgreementOptions): Agreement => {
  const sides = (['before', 'after'] as const).map((name): Side => {
    const range = name === 'before' ? before : after;
    return { name, range, live: ticksIn(live, range), history: ticksIn(history, range) };
  });
  for (const side of sides) {
    const detail = tooLittle(side);
    if (detail !== null) return no('too_few', detail);
  }
  const found = compare(sides);
  if (found.onlyLive > 0 || found.onlyHistory > 0) return explain(sides, history, found);
  return { agrees: true, compared: sides.reduce((sum, side) => sum + side.live.length, 0) };
};
