import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { abortable, aborted, pauseOrThrow, pause } from './waits.ts';

const clock = systemClock();
const HOUR_MS = 3_600_000;

test.each(['before', 'while'])('a signal that is aborted %s waiting ends each wait', async (when) => {
  const stop = new AbortController();
  const reason = new Error('stop');
  if (when === 'before') stop.abort(reason);
  const { signal } = stop;
  const waits = [
    pause(clock, HOUR_MS, signal),
    aborted(signal),
    expect(pauseOrThrow(clock, HOUR_MS, signal)).rejects.toBe(reason),
    expect(abortable(new Promise(() => {}), signal)).rejects.toBe(reason),
    // What it would have thrown later stays its own.
    expect(
      abortable(
        pause(clock, 5).then(() => Promise.reject(new Error('late'))),
        signal,
      ),
    ).rejects.toBe(reason),
  ];
  stop.abort(reason);
  await Promise.all(waits);
  await pause(clock, 20);
});

test('without an abort they last as long as they should', async () => {
  const { signal } = new AbortController();
  await Promise.all([
    pause(clock, 5, signal),
    pauseOrThrow(clock, 5, signal),
    pause(clock, 5),
    pauseOrThrow(clock, 5),
  ]);
  expect(await abortable(Promise.resolve(7), signal)).toBe(7);
  await expect(abortable(Promise.reject(new Error('its own')), signal)).rejects.toThrow('its own');
});
