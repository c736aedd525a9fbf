// Which symbols an account has, from the lists of its broker over time. In: each list, whether the terminal was ready when it gave it, and
// the symbols known before. Out: the symbols of the newest list, and known ones that it lacks but that are not proved gone.
//
//   known ──not in a list──► missing ──not in a ready terminal's list, twice, minutes apart──► gone
//     ▲──────listed again───────┘
//
// A terminal that starts, or has lost its broker, lists only some of its symbols or none. So lists add symbols at once and remove them slowly.

/** A symbol is gone once two good lists this far apart lack it, and all in between, in milliseconds. */
export const GONE_AFTER_MS = 300_000;

export interface SymbolSight {
  readonly listed: readonly string[];
  /** The terminal reports that its broker is connected, the account logged in and the symbols synchronised. */
  readonly ready: boolean;
  /** When it was asked, monotonic. */
  readonly monoMs: number;
}

export class KnownSymbols {
  #listed: readonly string[] = [];
  #doubtful = true;
  /** Missing symbols, each with the first list of an unbroken row of good ones that misses it; null: no good one yet. */
  readonly #missing: Map<string, number | null>;

  constructor(known: Iterable<string> = []) {
    this.#missing = new Map([...known].map((symbol) => [symbol, null]));
  }

  /** As the broker spells them, in its order. */
  get listed(): readonly string[] {
    return this.#listed;
  }

  get missing(): readonly string[] {
    return [...this.#missing.keys()];
  }

  /** The newest list was empty, or the terminal was not ready: there may be more symbols. */
  get doubtful(): boolean {
    return this.#doubtful;
  }

  saw({ listed, monoMs, ready }: SymbolSight): void {
    const present = new Set(listed);
    for (const symbol of this.#listed) if (!present.has(symbol)) this.#missing.set(symbol, null);
    this.#listed = [...present];
    this.#doubtful = !ready || present.size === 0;
    for (const [symbol, sinceMs] of this.#missing) {
      if (present.has(symbol)) this.#missing.delete(symbol);
      else if (this.#doubtful) this.#missing.set(symbol, null);
      else if (sinceMs === null) this.#missing.set(symbol, monoMs);
      else if (monoMs - sinceMs >= GONE_AFTER_MS) this.#missing.delete(symbol);
    }
  }
}
