// The clock as an argument: everything that needs the time or a timer takes a Clock, so that a test can pass its own.
// Out: wall time in milliseconds and microseconds, a monotonic time, and timers.

/** A running timer. Opaque: only the clock that made it can clear it. */
export type Timer = object;

export interface Clock {
  /** Wall clock, UTC, milliseconds. May jump when the machine's clock is set. */
  nowMs(): number;
  /** Wall clock, UTC, integer microseconds. Always inside the millisecond that `nowMs()` shows at that moment. */
  nowUs(): number;
  /** Milliseconds with a fraction since an arbitrary start. Never runs backwards. */
  monoMs(): number;
  setTimeout(fn: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

/**
 * The machine's clock. Milliseconds come from the wall clock, microseconds from the monotonic clock, whose phase is learned: an
 * estimate outside the millisecond that the wall clock shows is clamped to it.
 */
export function systemClock(
  source: { wallMs: () => number; monoMs: () => number } = {
    wallMs: Date.now,
    monoMs: () => performance.now(),
  },
): Clock {
  let offsetMs = source.wallMs() - source.monoMs();
  return {
    nowMs: source.wallMs,
    monoMs: source.monoMs,
    nowUs() {
      const monoMs = source.monoMs();
      const wallMs = source.wallMs();
      let belowMs = monoMs + offsetMs - wallMs;
      if (belowMs < 0 || belowMs >= 1) {
        belowMs = belowMs < 0 ? 0 : 0.999;
        offsetMs = wallMs + belowMs - monoMs;
      }
      return wallMs * 1000 + Math.floor(belowMs * 1000);
    },
    setTimeout: (fn, ms) => setTimeout(fn, ms),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
}
