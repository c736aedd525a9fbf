// How late frames were sent. In: one lateness a frame. Out: percentiles, to a tenth of a millisecond. It counts in classes, so that its
// memory does not grow with the replay.

const CLASS_MS = 0.1;
const CLASSES = 100_000;

export class Lateness {
  /** The last class is everything from ten seconds on. */
  readonly #counts = new Float64Array(CLASSES + 1);
  #total = 0;
  #mostMs = 0;

  add(ms: number): void {
    const at = Math.min(CLASSES, Math.max(0, Math.floor(ms / CLASS_MS)));
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#total++;
    if (ms > this.#mostMs) this.#mostMs = ms;
  }

  /** The upper end of the class in which the share `p` of all frames is reached; null without frames. */
  percentileMs(p: number): number | null {
    if (this.#total === 0) return null;
    let seen = 0;
    for (let i = 0; i < CLASSES; i++) {
      seen += this.#counts[i] as number;
      if (seen >= p * this.#total) return Math.min(this.#mostMs, (i + 1) * CLASS_MS);
    }
    return this.#mostMs;
  }
}
