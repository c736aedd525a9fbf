// The clocks and timers of a stream: injected in tests, otherwise those of the machine (`systemStreamClock`).

export interface StreamClock<Timer = unknown> {
  /** Wall clock, microseconds UTC, integer. */
  nowUs(): number;
  /** Monotonic clock, milliseconds. */
  monoMs(): number;
  setTimeout(fn: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

export const systemStreamClock: StreamClock<NodeJS.Timeout> = {
  // performance.timeOrigin is fixed at start; Date.now follows steps of the wall clock, so the digits below come from it.
  nowUs: () => Date.now() * 1000 + Math.floor((performance.now() % 1) * 1000),
  monoMs: () => performance.now(),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (timer) => {
    clearTimeout(timer);
  },
};
