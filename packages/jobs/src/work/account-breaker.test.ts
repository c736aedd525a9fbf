// One failure counts once, however often it is told, and a queue is paused for a time even if nobody counts.
import { createLog } from '@fxtape/ops';
import { expect, test, vi } from 'vitest';
import { accountAway } from '../budget/account-away.ts';
import { AccountBreaker } from './account-breaker.ts';
import type { AwayBook } from '../budget/away-book.ts';

const log = createLog({ service: 'test', level: 'silent' });

function breaking(book: Partial<AwayBook>): AccountBreaker {
  const breaker = new AccountBreaker({ account: 'a', book: book as AwayBook, metrics: null, log });
  breaker.away = true;
  return breaker;
}

test('a job does not count the error of its request again, and an unsent request does not count', async () => {
  const met = vi.fn(async () => ({ ms: 5000, begins: true }));
  const breaker = breaking({ met, leftAlone: async () => ({ line: 'FXSOCKET_DOWN: it is', ms: 3000 }) });
  const error = accountAway('a', new Error('502'));
  expect(await breaker.met(error)).toBe(5000);
  const rest = await breaker.met(error);
  expect(rest).toBeLessThanOrEqual(5000);
  expect(rest).toBeGreaterThan(4000);
  const refused = await breaker.open();
  expect(await breaker.met(refused as Error)).toBeLessThanOrEqual(3000);
  expect(met).toHaveBeenCalledTimes(1);
  await breaker.met(accountAway('a', new Error('502')));
  expect(met).toHaveBeenCalledTimes(2);
});

test('without Redis a queue is paused for as long as the gateway asked, or for a moment', async () => {
  const breaker = breaking({ met: () => Promise.reject(new Error('no connection')) });
  const asked = Object.assign(new Error('429'), { retryAfterMs: 7000 });
  expect(await breaker.met(accountAway('a', asked))).toBe(7000);
  expect(await breaker.met(accountAway('a', new Error('502')))).toBe(1000);
});
