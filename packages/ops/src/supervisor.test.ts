import { expect, test, vi } from 'vitest';
import type { Log } from './log.ts';
import { Supervisor } from './supervisor.ts';

/** Timers that run when the test says so. */
const setup = () => {
  let nowMs = 0;
  const timers = new Map<object, { atMs: number; fn: () => void }>();
  const clock = {
    setTimeout: (fn: () => void, ms: number) => {
      const timer = {};
      timers.set(timer, { atMs: nowMs + ms, fn });
      return timer;
    },
    clearTimeout: (timer: object) => void timers.delete(timer),
  };
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const pass = async (ms: number): Promise<void> => {
    await settle();
    const until = nowMs + ms;
    for (;;) {
      const [next] = [...timers]
        .filter(([, { atMs }]) => atMs <= until)
        .toSorted(([, a], [, b]) => a.atMs - b.atMs);
      if (next === undefined) break;
      timers.delete(next[0]);
      nowMs = next[1].atMs;
      next[1].fn();
      await settle();
    }
    nowMs = until;
  };
  const stop = new AbortController();
  const log = { error: vi.fn() } as unknown as Log;
  return { supervisor: new Supervisor({ clock, log, signal: stop.signal }), pass, stop, timers };
};

test('a part that fails is begun again, ever later, and its failure is shown', async () => {
  const { pass, stop, supervisor, timers } = setup();
  let begun = 0;
  const done = supervisor.run('sending', () => {
    begun++;
    return Promise.reject(new Error(`EMFILE ${begun}`));
  });
  await pass(0);
  expect([begun, supervisor.failures]).toEqual([
    1,
    [{ part: 'sending', code: 'INTERNAL', message: 'EMFILE 1', times: 1 }],
  ]);
  await pass(999);
  expect(begun).toBe(1);
  await pass(1);
  expect(begun).toBe(2);
  await pass(1999);
  expect(begun).toBe(2);
  await pass(600_000);
  expect(begun).toBeGreaterThan(20);
  expect(begun).toBeLessThan(30);
  stop.abort();
  await done;
  expect(timers.size).toBe(0);
});

test('a part that runs well again is well after ten seconds, and its next failure is the first', async () => {
  const { pass, stop, supervisor } = setup();
  let fail: (error: Error) => void = () => {};
  const done = supervisor.run('sending', () => new Promise((_resolve, reject) => (fail = reject)));
  for (let times = 1; times <= 3; times++) {
    fail(new Error('EIO'));
    await pass(0);
    expect(supervisor.failures).toMatchObject([{ times }]);
    await pass(30_000 > 2 ** times * 500 ? 2 ** times * 500 : 30_000);
  }
  await pass(9_999);
  expect(supervisor.failures).toHaveLength(1);
  await pass(1);
  expect(supervisor.failures).toEqual([]);
  fail(new Error('EIO'));
  await pass(0);
  expect(supervisor.failures).toMatchObject([{ times: 1 }]);
  stop.abort();
  await done;
});

test('a part that returns is over; one that ends because it was stopped has not failed', async () => {
  const { pass, stop, supervisor } = setup();
  await supervisor.run('over', () => Promise.resolve());
  const done = supervisor.run(
    'stopped',
    () =>
      new Promise((_resolve, reject) =>
        stop.signal.addEventListener('abort', () => reject(new Error('aborted'))),
      ),
  );
  await pass(60_000);
  stop.abort();
  await done;
  expect(supervisor.failures).toEqual([]);
});
