// All ticks of the simulated market in columns, 26 bytes each. In: one append per tick. Out: the columns by tick number, and the last tick of each symbol.
// Tick n (from 1) is in chunk n >> 16. When the ledger keeps only counts, chunks are freed once no socket needs them.

export const CHUNK_BITS = 16;
export const CHUNK_TICKS = 1 << CHUNK_BITS;
export const CHUNK_MASK = CHUNK_TICKS - 1;

export interface TickChunk {
  readonly utcMs: Float64Array;
  readonly symbol: Uint16Array;
  /** Prices as integers of the symbol's point: price = value / 10^digits. */
  readonly bid: Int32Array;
  readonly ask: Int32Array;
  readonly last: Int32Array;
  readonly volume: Int32Array;
}

/** The last tick of a symbol, or null before its first. */
export interface LastTick {
  readonly n: number;
  readonly utcMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly last: number;
  readonly volume: number;
}

const newChunk = (): TickChunk => ({
  utcMs: new Float64Array(CHUNK_TICKS),
  symbol: new Uint16Array(CHUNK_TICKS),
  bid: new Int32Array(CHUNK_TICKS),
  ask: new Int32Array(CHUNK_TICKS),
  last: new Int32Array(CHUNK_TICKS),
  volume: new Int32Array(CHUNK_TICKS),
});

export class TickTape {
  readonly #chunks: (TickChunk | null)[] = [];
  readonly #lastOf: number[];
  readonly #initial: (LastTick | null)[];
  #freed = 0;
  #current: TickChunk = newChunk();
  /** Number of the newest tick; 0 before the first. */
  count = 0;

  constructor(symbols: number) {
    this.#chunks.push(this.#current);
    this.#lastOf = Array.from({ length: symbols }, () => 0);
    this.#initial = Array.from({ length: symbols }, () => null);
  }

  /** Number of the oldest tick still kept; above `count` when there is none. */
  get oldest(): number {
    return Math.max(1, this.#freed << CHUNK_BITS);
  }

  /** Number of the first kept tick at or after a UTC instant; above `count` when there is none. */
  firstAt(utcMs: number): number {
    let low = this.oldest;
    let high = this.count + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.chunk(middle).utcMs[middle & CHUNK_MASK] as number) < utcMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  append(symbol: number, utcMs: number, bid: number, ask: number, last: number, volume: number): number {
    const n = ++this.count;
    const at = n & CHUNK_MASK;
    if (at === 0) {
      this.#current = newChunk();
      this.#chunks.push(this.#current);
    }
    const chunk = this.#current;
    chunk.utcMs[at] = utcMs;
    chunk.symbol[at] = symbol;
    chunk.bid[at] = bid;
    chunk.ask[at] = ask;
    chunk.last[at] = last;
    chunk.volume[at] = volume;
    this.#lastOf[symbol] = n;
    return n;
  }

  /** The chunk that holds tick `n`. Throws when it was freed. */
  chunk(n: number): TickChunk {
    const chunk = this.#chunks[n >> CHUNK_BITS];
    if (chunk === undefined || chunk === null) throw new RangeError(`tick ${n} is no longer kept`);
    return chunk;
  }

  /** Sets the quote from before the first tick; it is not a tick and has number 0. */
  setInitial(symbol: number, quote: Omit<LastTick, 'n'>): void {
    this.#initial[symbol] = { n: 0, ...quote };
  }

  /** The newest tick of a symbol, the quote from before the start, or null when there was none. */
  lastTick(symbol: number): LastTick | null {
    const n = this.#lastOf[symbol] ?? 0;
    if (n === 0) return this.#initial[symbol] ?? null;
    return this.read(n);
  }

  read(n: number): LastTick & { readonly symbol: number } {
    const chunk = this.chunk(n);
    const at = n & CHUNK_MASK;
    return {
      n,
      symbol: chunk.symbol[at] as number,
      utcMs: chunk.utcMs[at] as number,
      bid: chunk.bid[at] as number,
      ask: chunk.ask[at] as number,
      last: chunk.last[at] as number,
      volume: chunk.volume[at] as number,
    };
  }

  /** Frees whole chunks below tick `n`, but keeps what `lastTick` needs. */
  freeBelow(n: number): void {
    const keep = n >> CHUNK_BITS;
    if (keep <= this.#freed) return;
    for (const [symbol, lastN] of this.#lastOf.entries()) {
      if (lastN > 0 && lastN >> CHUNK_BITS < keep) {
        this.#initial[symbol] = this.read(lastN);
        this.#lastOf[symbol] = 0;
      }
    }
    for (let i = this.#freed; i < keep; i++) this.#chunks[i] = null;
    this.#freed = keep;
  }
}
