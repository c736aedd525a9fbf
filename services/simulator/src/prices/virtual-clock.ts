// The clock of the simulation. In: monotonic real time. Out: virtual UTC from a chosen start at a chosen speed. It can be moved, and is set back when
// generation cannot keep up.

export class VirtualClock {
  #originUtcMs: number;
  #originMonoMs: number;
  #speed: number;

  constructor(startUtcMs: number, monoMs: number, speed: number) {
    this.#originUtcMs = startUtcMs;
    this.#originMonoMs = monoMs;
    this.#speed = speed;
  }

  /** Virtual seconds per real second. */
  get speed(): number {
    return this.#speed;
  }

  /** Virtual UTC in milliseconds with a fraction. */
  at(monoMs: number): number {
    return this.#originUtcMs + (monoMs - this.#originMonoMs) * this.#speed;
  }

  /** Sets the clock to `utcMs` and its speed. */
  set(utcMs: number, monoMs: number, speed = this.#speed): void {
    this.#originUtcMs = utcMs;
    this.#originMonoMs = monoMs;
    this.#speed = speed;
  }
}
