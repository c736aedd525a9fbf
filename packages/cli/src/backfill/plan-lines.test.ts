import type { PlannedJob } from '@fxtape/jobs';
import { expect, test } from 'vitest';
import { planLines, planRecord } from './plan-lines.ts';

const DAY_US = 86_400_000_000;
const START_US = Date.UTC(2026, 0, 5) * 1000;
const counts = { added: 0, again: 0, queued: 0, raised: 0, resting: 0, done: 0 };
const whole = { left: 0, failed: [] };
const bars = (n: number, symbol: string): PlannedJob => ({
  name: 'bars',
  payload: {
    account: 'icm-demo',
    feed: 'icm',
    symbol,
    timeframe: 'M1',
    fromUs: START_US + n * DAY_US,
    toUs: START_US + (n + 1) * DAY_US,
    why: 'request',
  },
});

test('what was planned', () => {
  const specs: PlannedJob = {
    name: 'symbol_specs',
    payload: { account: 'icm-demo', feed: 'icm', symbol: 'EURUSD' },
  };
  const jobs = [bars(2, 'EURUSD'), bars(0, 'EURUSD'), bars(1, 'XAUUSD'), specs];
  expect(
    planLines({ ...whole, jobs, counts: { ...counts, added: 3, queued: 1 } }).join('\n'),
  ).toMatchInlineSnapshot(`
    "Planned 4 jobs: 3 new, 1 waiting or running already.

    ACCOUNT   JOB           SYMBOL  TIMEFRAME  JOBS  FROM (UTC)                TO (UTC)
    icm-demo  bars          EURUSD  M1            2  2026-01-05T00:00:00.000Z  2026-01-08T00:00:00.000Z
    icm-demo  bars          XAUUSD  M1            1  2026-01-06T00:00:00.000Z  2026-01-07T00:00:00.000Z
    icm-demo  symbol_specs  EURUSD                1"
  `);
  expect(planLines({ ...whole, jobs: [], counts })).toEqual(['Nothing that you asked for is missing.']);
  const failed = [{ account: 'other', line: 'FXSOCKET_UNREACHABLE: no' }];
  expect(planLines({ jobs, counts, left: 12, failed }).slice(-2)).toEqual([
    '12 more jobs can be planned when these are done; --wait does so by itself',
    'other cannot be planned now: FXSOCKET_UNREACHABLE: no',
  ]);
  expect(planRecord(specs)).toEqual({
    job: 'symbol_specs',
    account: 'icm-demo',
    symbol: 'EURUSD',
    timeframe: null,
    from: null,
    to: null,
  });
});
