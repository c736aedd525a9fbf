import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

test('one at a time per name, in order; other names do not wait', async () => {
  const locks = new Turns();
  const log: string[] = [];
  let release = (): void => {};
  const first = locks.hold('a', never, async () => {
    log.push('a1 begins');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    log.push('a1 ends');
  });
  const second = locks.hold('a', never, async () => log.push('a2'));
  await locks.hold('b', never, async () => log.push('b'));
  release();
  await Promise.all([first, second]);
  expect(log).toEqual(['a1 begins', 'b', 'a1 ends', 'a2']);
});

test('who gives up or fails lets the next one pass, and never early', async () => {
  const locks = new Turns();
  const log: string[] = [];
  let release = (): void => {};
  const first = locks.hold('a', never, async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    log.push('first ends');
    throw new Error('first');
  });
  const stop = new AbortController();
  const second = locks.hold('a', stop.signal, async () => log.push('second'));
  const third = locks.hold('a', never, async () => log.push('third'));
  stop.abort(new Error('given up'));
  await expect(second).rejects.toThrow('given up');
  expect(log).toEqual([]);
  release();
  await expect(first).rejects.toThrow('first');
  await third;
  expect(log).toEqual(['first ends', 'third']);
});

test('who comes after the last waiter gave up still waits for whoever is inside', async () => {
  const locks = new Turns();
  const log: string[] = [];
  let release = (): void => {};
  const first = locks.hold('a', never, async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    log.push('first ends');
  });
  const stop = new AbortController();
  const second = locks.hold('a', stop.signal, async () => log.push('second'));
  stop.abort(new Error('given up'));
  await expect(second).rejects.toThrow('given up');
  const third = locks.hold('a', never, async () => log.push('third'));
  release();
  await Promise.all([first, third]);
  expect(log).toEqual(['first ends', 'third']);
});
