// How much a terminal can be asked for at once on a route, learned while working and kept per process. In: what was asked, and how it went. Out: the
// span of the next request. A time-out may have any cause, so it counts against a size only if the same size fails twice and a smaller one succeeds
// in between.
//
//   answered, at the full span ──► twice as much, but less than what is known to be too much
//   time-out of a size that never worked ──► half of it          of one that has worked ──► tried again first; the second time half of it
//   answer cut at n rows ──► a span with fewer than n rows

export interface SpanLimits {
  readonly startUs: number;
  readonly minUs: number;
  readonly maxUs: number;
  /** The least time between two rows; null if any number may share a moment. */
  readonly rowUs: number | null;
}

interface Known {
  spanUs: number;
  /** The largest span that was answered. */
  workedUs: number;
  /** The span known to be too much; null if none is. */
  tooMuchUs: number | null;
  /** Answers below it since. */
  since: number;
  /** A span that was too much and is tried again. One time-out is then enough. */
  lapsedUs: number;
  /** The shortest span that timed out and was not answered since. `smaller`: a shorter one was answered. */
  suspect: { readonly spanUs: number; readonly smaller: boolean } | null;
  /** The number of rows at which answers are cut. */
  cap: number | null;
  largest: number;
  timesLargest: number;
}

/** Spans that differ by less than this count as the same. */
const ALIKE = 0.75;
/** After this many answers just below what failed, it is tried again. */
const TRY_AGAIN_AFTER = 16;
/** An answer of this many rows may be incomplete. */
const LONG_ROWS = 1000;
/** Caps are round numbers. */
const ROUND_ROWS = 50;

export class RangeMemory {
  readonly #known = new Map<string, Known>();

  spanUs(key: string, limits: SpanLimits): number {
    return this.#of(key, limits).spanUs;
  }

  /** A request of `askedUs` ran into a time-out. */
  tooMuch(key: string, limits: SpanLimits, askedUs: number): void {
    const known = this.#of(key, limits);
    const half = Math.max(limits.minUs, Math.min(known.spanUs, Math.floor(askedUs / 2)));
    const { suspect } = known;
    const again = suspect !== null && suspect.smaller && askedUs >= suspect.spanUs * ALIKE;
    if (again || askedUs >= known.lapsedUs * ALIKE) {
      known.tooMuchUs = askedUs;
      known.since = 0;
      known.lapsedUs = Number.POSITIVE_INFINITY;
      known.suspect = null;
      known.spanUs = half;
      known.workedUs = Math.min(known.workedUs, half);
      return;
    }
    if (suspect === null || askedUs < suspect.spanUs * ALIKE)
      known.suspect = { spanUs: askedUs, smaller: false };
    if (askedUs > known.workedUs) known.spanUs = half;
  }

  /** A request of `askedUs` was answered with `rows`. */
  answered(key: string, limits: SpanLimits, askedUs: number, rows: number): void {
    const known = this.#of(key, limits);
    // Answers are not cut at fewer rows than this one has.
    if (known.cap !== null && rows > known.cap) known.cap = null;
    if (rows > known.largest) {
      known.largest = rows;
      known.timesLargest = 1;
    } else if (rows === known.largest) known.timesLargest += 1;
    known.workedUs = Math.max(known.workedUs, askedUs);
    if (known.suspect !== null)
      known.suspect = askedUs >= known.suspect.spanUs ? null : { ...known.suspect, smaller: true };
    if (askedUs >= known.lapsedUs) known.lapsedUs = Number.POSITIVE_INFINITY;
    if (askedUs < known.spanUs) return;
    if (known.tooMuchUs !== null) {
      known.since += 1;
      if (known.since >= TRY_AGAIN_AFTER) {
        known.lapsedUs = known.tooMuchUs;
        known.tooMuchUs = null;
      }
    }
    const next = Math.min(known.spanUs * 2, limits.maxUs, capUs(known, limits));
    if (known.tooMuchUs === null || next < known.tooMuchUs) known.spanUs = Math.max(next, limits.minUs);
  }

  /** An answer of `rows` turned out to be incomplete. */
  truncated(key: string, limits: SpanLimits, rows: number): void {
    const known = this.#of(key, limits);
    known.cap = Math.min(known.cap ?? Number.POSITIVE_INFINITY, rows);
    const shorter = limits.rowUs === null ? Math.floor(known.spanUs / 2) : capUs(known, limits);
    known.spanUs = Math.max(limits.minUs, Math.min(known.spanUs, shorter));
  }

  /** True if answers are known to be cut at this many rows, or if this is a number at which they would be. */
  looksCut(key: string, limits: SpanLimits, rows: number): boolean {
    const { cap } = this.#of(key, limits);
    if (rows === 0) return false;
    return rows >= LONG_ROWS || rows % ROUND_ROWS === 0 || (cap !== null && rows >= cap);
  }

  /** True if an answer of `rows` that leaves `openPart` of the requested range (0…1) without rows may have been cut. */
  maybeCut(key: string, limits: SpanLimits, rows: number, openPart: number): boolean {
    const known = this.#of(key, limits);
    const again = rows > 1 && rows === known.largest && known.timesLargest > 1;
    return this.looksCut(key, limits, rows) || again || (openPart > 0.25 && rows > 30);
  }

  #of(key: string, limits: SpanLimits): Known {
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    const spanUs = Math.max(limits.minUs, Math.min(limits.startUs, limits.maxUs));
    const made: Known = {
      spanUs,
      workedUs: 0,
      tooMuchUs: null,
      since: 0,
      lapsedUs: Number.POSITIVE_INFINITY,
      suspect: null,
      cap: null,
      largest: 0,
      timesLargest: 0,
    };
    this.#known.set(key, made);
    return made;
  }
}

/** The longest span that cannot hold `cap` rows. */
function capUs(known: Known, limits: SpanLimits): number {
  if (known.cap === null || limits.rowUs === null) return Number.POSITIVE_INFINITY;
  return Math.max(1, known.cap - 1) * limits.rowUs;
}
