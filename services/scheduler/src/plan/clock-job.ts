// The job that gathers evidence of a broker's clock. In: what the broker lists and what is configured. Out: a job about a few symbols whose
// weeks open and close, over two years and the four switches in them. Currencies and gold are asked for whether they are recorded or
// not, because a symbol that trades on weekends shows nothing.
import type { PlannedJob } from '@fxtape/jobs';

type ClockJob = Extract<PlannedJob, { name: 'clock' }>;

const WEEKLY = ['EURUSD', 'USDJPY', 'GBPUSD', 'XAUUSD'] as const;
const MOST_SYMBOLS = 4;
const HOUR_US = 3_600_000_000;
/** Two years, and enough before for the switches at their ends. */
const BACK_US = 800 * 24 * HOUR_US;

/** `EURUSD`, `EURUSD.sd`, `EURUSDm`: the shortest name that begins so. */
const listedAs = (listed: readonly string[], name: string): string | undefined =>
  listed
    .filter((symbol) => symbol.toUpperCase().startsWith(name))
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];

export function clockSymbols(listed: readonly string[], configured: readonly string[]): string[] {
  const weekly = WEEKLY.flatMap((name) => listedAs(listed, name) ?? []);
  const own = configured.filter((symbol) => listed.includes(symbol));
  return [...new Set([...weekly, ...own])].slice(0, MOST_SYMBOLS);
}

export function clockJob(o: {
  account: string;
  listed: readonly string[];
  configured: readonly string[];
  nowUs: number;
}): ClockJob {
  // To the hour: planners of one hour make one job.
  const toUs = Math.ceil(o.nowUs / HOUR_US) * HOUR_US;
  const symbols = clockSymbols(o.listed, o.configured);
  return { name: 'clock', payload: { account: o.account, symbols, fromUs: toUs - BACK_US, toUs } };
}
