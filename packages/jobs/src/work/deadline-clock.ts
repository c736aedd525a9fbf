// The time that one attempt of a job may take, as a clock that can be stopped. In: milliseconds, and when to stop it. Out: one call when
// the time is used up. It is stopped while the job only waits for its turn at the gateway: that time says how busy the account is and
// nothing about the job; otherwise a queue of slow jobs would run into their deadlines without having asked anything.
export class DeadlineClock {
  readonly #onEnd: () => void;
  #leftMs: number;
  #sinceMs = 0;
  #timer: NodeJS.Timeout | null = null;

  /** Starts at once. */
  constructor(ms: number, onEnd: () => void) {
    this.#leftMs = ms;
    this.#onEnd = onEnd;
    this.go();
  }

  go(): void {
    if (this.#timer !== null || this.#leftMs <= 0) return;
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#leftMs = 0;
      this.#onEnd();
    }, this.#leftMs);
  }

  stand(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    // Never zero by standing: the end is the timer's to say.
    this.#leftMs = Math.max(1, this.#leftMs - (performance.now() - this.#sinceMs));
  }

  /** For good. */
  end(): void {
    this.stand();
    this.#leftMs = 0;
  }
}
