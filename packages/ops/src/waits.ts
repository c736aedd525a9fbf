// Waits that a signal can end. In: a clock and a time, or a promise, and a signal. Out: a promise; on abort, `pause` and `aborted` resolve, and
// `pauseOrThrow` and `abortable` reject with the signal's reason.
import type { Clock } from './clock.ts';

type Timers = Pick<Clock, 'setTimeout' | 'clearTimeout'>;

/** Resolves after `ms`, or as soon as the signal is aborted. */
export const pause = (clock: Timers, ms: number, signal?: AbortSignal): Promise<void> =>
  pauseOrThrow(clock, ms, signal).catch(() => {});

/** As `pause`. @throws the signal's reason when it is aborted. */
export const pauseOrThrow = (clock: Timers, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    const onAbort = (): void => {
      clock.clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });

/** Resolves when the signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** The promise's result, or the signal's reason if that comes first. What the promise does later is up to its maker. */
export const abortable = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    // A rejection that nobody waits for any more is still handled.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
