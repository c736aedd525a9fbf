// One failure counts once, however often it is reported, and a queue is held for a time even without Redis.
import { createLog } from '@fxtape/ops';
import { expect, test, vi } from 'vitest';
import { accountAway } from '../budget/account-away.ts';
import { AccountBreaker } from './account-breaker.ts';
import type { AwayStore } from '../budget/away-store.ts';

const log = createLog({ service: 'test', level: 'silent' });

function breaking(store: Partial<AwayStore>): AccountBreaker {
  const breaker = new AccountBreaker({ account: 'a', store: store as AwayStore, metrics: null, log });
  breaker.away = true;
  return breaker;
}

test('a job does not count the error of its request again, and an unsent request does not count', async () => {
  const met = vi.fn(async () => ({ ms: 5000, begins: true }));
  const breaker = breaking({ failed: met, paused: async () => ({ line: 'FXSOCKET_DOWN: it is', ms: 3000 }) });
  const error = accountAway('a', new Error('502'));
  expect(await breaker.failed(error)).toBe(5000);
  const rest = await breaker.failed(error);
  expect(rest).toBeLessThanOrEqual(5000);
  expect(rest).toBeGreaterThan(4000);
  expect(Number.isInteger(rest)).toBe(true);
  const refused = await breaker.check();
  expect(await breaker.failed(refused as Error)).toBeLessThanOrEqual(3000);
  expect(met).toHaveBeenCalledTimes(1);
  await breaker.failed(accountAway('a', new Error('502')));
  expect(met).toHaveBeenCalledTimes(2);
});

test('without Redis a queue is held for as long as the gateway asked, or for a moment', async () => {
  const breaker = breaking({ failed: () => Promise.reject(new Error('no connection')) });
  const asked = Object.assign(new Error('429'), { retryAfterMs: 7000 });
  expect(await breaker.failed(accountAway('a', asked))).toBe(7000);
  expect(await breaker.failed(accountAway('a', new Error('502')))).toBe(1000);
});
