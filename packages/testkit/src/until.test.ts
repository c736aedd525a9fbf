import { expect, test } from 'vitest';
import { until } from './until.ts';

test('the first answer counts, zero and the empty text included', async () => {
  let asked = 0;
  expect(await until(() => (++asked < 3 ? null : 0), { what: 'zero', deadlineMs: 1000, everyMs: 1 })).toBe(0);
  expect(await until(() => '', { what: 'a text', deadlineMs: 0 })).toBe('');
});

test('the deadline names what was waited for and what was seen last', async () => {
  const waited = until(() => false, { what: 'the server', deadlineMs: 5, everyMs: 1 });
  await expect(waited).rejects.toThrow(/waited \d+ ms for the server; last answer: false/);
});

test('errors end the wait unless they are expected', async () => {
  const fail = () => {
    throw new Error('refused');
  };
  await expect(until(fail, { what: 'x', deadlineMs: 1000 })).rejects.toThrow('refused');
  await expect(until(fail, { what: 'x', deadlineMs: 5, everyMs: 1, retryErrors: true })).rejects.toThrow(
    'for x; last answer: refused',
  );
});
