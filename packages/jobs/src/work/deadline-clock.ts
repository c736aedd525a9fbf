// The deadline of one attempt of a job, as a timer that can be paused. In: milliseconds. Out: one call when they are used up. It is paused
// while the job only waits for a permit; otherwise jobs of a busy account would reach their deadlines before their first request.
export class DeadlineClock {
  readonly #onEnd: () => void;
  #leftMs: number;
  #sinceMs = 0;
  #timer: NodeJS.Timeout | null = null;

  /** Starts at once. */
  constructor(ms: number, onEnd: () => void) {
    this.#leftMs = ms;
    this.#onEnd = onEnd;
    this.resume();
  }

  resume(): void {
    if (this.#timer !== null || this.#leftMs <= 0) return;
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#leftMs = 0;
      this.#onEnd();
    }, this.#leftMs);
  }

  pause(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    // At least 1: only the timer ends the time.
    this.#leftMs = Math.max(1, this.#leftMs - (performance.now() - this.#sinceMs));
  }

  /** For good. */
  end(): void {
    this.pause();
    this.#leftMs = 0;
  }
}
