// The time inside the simulation. In: a monotonic real time. Out: virtual UTC, running at a chosen speed from a chosen
// start; it can be moved and slowed, and it gives way when generation cannot keep up.

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

  /** From now on the clock shows `utcMs` and runs at `speed`. */
  set(utcMs: number, monoMs: number, speed = this.#speed): void {
    this.#originUtcMs = utcMs;
    this.#originMonoMs = monoMs;
    this.#speed = speed;
  }
}
