import { expect, test } from 'vitest';
import { accountAway } from '../budget/account-away.ts';
import { judgeFailure } from '../work/job-failure.ts';
import { planVerdict } from './plan-verdict.ts';
import { retryDelayMs } from '../work/retry-delay.ts';

test('what planning an id means, by what is known of it', () => {
  const rules = { asOfMs: 1000, restMs: 60_000, nowMs: 100_000 };
  const verdict = (priority: number | null, o: { completedMs?: number; failedMs?: number } = {}) =>
    planVerdict({ priority, completedMs: o.completedMs ?? null, failedMs: o.failedMs ?? null }, 10, rules);
  expect(verdict(null)).toBe('added');
  expect(verdict(10)).toBe('queued');
  expect(verdict(5)).toBe('queued');
  expect(verdict(11)).toBe('raised');
  expect(verdict(10, { completedMs: 999 })).toBe('again');
  expect(verdict(10, { completedMs: 1000 })).toBe('done');
  expect(verdict(10, { failedMs: 40_001 })).toBe('resting');
  expect(verdict(10, { failedMs: 40_000 })).toBe('again');
});

test('what an error means for its job', () => {
  const error = (facts: object) => Object.assign(new Error('it\n said  so'), facts);
  expect(judgeFailure(error({ code: 'FXSOCKET_UNAUTHORIZED', kind: 'terminal' }))).toEqual({
    kind: 'terminal',
    code: 'FXSOCKET_UNAUTHORIZED',
    line: 'FXSOCKET_UNAUTHORIZED: it said so',
    holdMs: null,
    away: false,
  });
  const cause = error({ code: 'FXSOCKET_RATE_LIMITED', retryAfterMs: 700 });
  expect(judgeFailure(accountAway('demo', cause))).toMatchObject({
    kind: 'transient',
    line: 'ACCOUNT_AWAY: FXSOCKET_RATE_LIMITED: it said so',
    holdMs: 700,
    away: true,
  });
  expect(judgeFailure(error({ code: 'X', kind: 'transient', retryAfterMs: 1500.2 })).holdMs).toBe(1501);
  expect(judgeFailure(error({ code: 'X', kind: 'transient', context: { retryAfterMs: 9e9 } })).holdMs).toBe(
    3_600_000,
  );
  expect(judgeFailure(error({ code: 'X', kind: 'terminal', retryAfterMs: 5 })).holdMs).toBeNull();
  expect(judgeFailure(error({ code: 'ECONNRESET' }))).toMatchObject({
    kind: 'transient',
    code: 'JOB_UNEXPECTED',
  });
  expect(judgeFailure('text')).toMatchObject({ line: 'JOB_UNEXPECTED: text', holdMs: null });
});

test('full jitter, capped', () => {
  const backoff = { firstMs: 1000, capMs: 60_000 };
  expect([1, 2, 3, 7, 50].map((made) => retryDelayMs(backoff, made, () => 0.9999))).toEqual([
    999, 1999, 3999, 59_994, 59_994,
  ]);
  expect(retryDelayMs(backoff, 5, () => 0)).toBe(0);
});
