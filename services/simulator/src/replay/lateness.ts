// How late frames were sent. In: the lateness of each frame. Out: percentiles, to a tenth of a millisecond. It counts in buckets, so that
// its memory does not grow with the replay.

const BUCKET_MS = 0.1;
const BUCKETS = 100_000;

export class Lateness {
  /** The last bucket is everything from ten seconds on. */
  readonly #counts = new Float64Array(BUCKETS + 1);
  #total = 0;
  #mostMs = 0;

  add(ms: number): void {
    const at = Math.min(BUCKETS, Math.max(0, Math.floor(ms / BUCKET_MS)));
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#total++;
    if (ms > this.#mostMs) this.#mostMs = ms;
  }

  /** Upper end of the bucket that contains the share `p` (0 to 1) of all frames; null without frames. */
  percentileMs(p: number): number | null {
    if (this.#total === 0) return null;
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#counts[i] as number;
      if (seen >= p * this.#total) return Math.min(this.#mostMs, (i + 1) * BUCKET_MS);
    }
    return this.#mostMs;
  }
}
