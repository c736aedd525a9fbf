// The nine timeframes. In: a broker time. Out: the open of the bar that contains it. As in MetaTrader, weeks begin on Sunday and months on the first.

export const TIMEFRAMES = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1', 'W1', 'MN1'] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const LENGTH_MS: Record<Timeframe, number> = {
  M1: MINUTE,
  M5: 5 * MINUTE,
  M15: 15 * MINUTE,
  M30: 30 * MINUTE,
  H1: 60 * MINUTE,
  H4: 240 * MINUTE,
  D1: DAY,
  W1: 7 * DAY,
  MN1: 28 * DAY,
};

export function isTimeframe(text: string | null | undefined): text is Timeframe {
  return TIMEFRAMES.some((timeframe) => timeframe === text);
}

/** Length of a bar in milliseconds; for MN1 that of the shortest month. */
export function timeframeMs(timeframe: Timeframe): number {
  return LENGTH_MS[timeframe];
}

/** The open, in broker milliseconds, of the bar that contains `brokerMs`. */
export function barOpen(timeframe: Timeframe, brokerMs: number): number {
  if (timeframe === 'MN1') {
    const at = new Date(brokerMs);
    return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
  }
  // 1970-01-01 was a Thursday: the first Sunday is day 3.
  const phase = timeframe === 'W1' ? 3 * DAY : 0;
  const length = LENGTH_MS[timeframe];
  return brokerMs - ((((brokerMs - phase) % length) + length) % length);
}

/** The end, in broker milliseconds, of the bar that opens at `open`. */
export function barEnd(timeframe: Timeframe, open: number): number {
  if (timeframe !== 'MN1') return open + LENGTH_MS[timeframe];
  const at = new Date(open);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
}
