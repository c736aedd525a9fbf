// Jobs as the tests plan them. Out: the n-th hour of M1 bars of an account, a silent log, and names that no other test uses.
import type { PlannedJob } from '@fxtape/jobs';
import { createLog, type Log } from '@fxtape/ops';

const HOUR_US = 3_600_000_000;
const START_US = Date.UTC(2026, 0, 5) * 1000;

/** Hour `n` after the start of 2026's first full week. */
export function barsJob(n: number, o: { account?: string; symbol?: string; why?: 'gap' | 'history' } = {}) {
  const fromUs = START_US + n * HOUR_US;
  return {
    name: 'bars',
    payload: {
      account: o.account ?? 'one',
      feed: 'icm',
      symbol: o.symbol ?? 'EURUSD',
      timeframe: 'M1',
      fromUs,
      toUs: fromUs + HOUR_US,
      why: o.why ?? 'history',
    },
  } as const satisfies PlannedJob;
}

export const barsJobs = (count: number, o: Parameters<typeof barsJob>[1] = {}) =>
  Array.from({ length: count }, (_, n) => barsJob(n, o));

export const quietLog = (): Log => createLog({ service: 'test', level: 'error' });

/** Keys of one test, apart from those of all others. */
export const freshPrefix = (): string =>
  `t${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
