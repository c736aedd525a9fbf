// The job that gathers evidence about a broker's clock. In: the symbols that the broker lists and those configured. Out: a job for a few symbols
// whose trading weeks open and close, over two years and their four clock changes. Currencies and gold are read even if they are not
// recorded, because a symbol that trades on weekends is no evidence.
import type { PlannedJob } from '@fxtape/jobs';

type ClockJob = Extract<PlannedJob, { name: 'clock' }>;

const WEEKLY = ['EURUSD', 'USDJPY', 'GBPUSD', 'XAUUSD'] as const;
const MOST_SYMBOLS = 4;
const HOUR_US = 3_600_000_000;
/** Two years, and some weeks before the first clock change. */
const BACK_US = 800 * 24 * HOUR_US;

/** `EURUSD`, `EURUSD.sd`, `EURUSDm`: the shortest symbol with this prefix. */
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
  // Rounded to the hour, so that all plans of an hour make the same job.
  const toUs = Math.ceil(o.nowUs / HOUR_US) * HOUR_US;
  const symbols = clockSymbols(o.listed, o.configured);
  return { name: 'clock', payload: { account: o.account, symbols, fromUs: toUs - BACK_US, toUs } };
}
