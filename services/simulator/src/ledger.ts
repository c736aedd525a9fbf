// The truth that tests compare a recorder with: for each tick the connection whose socket it was written to, or that it was withheld. In: marks
// from the sockets. Out: one line per tick. It takes five bytes per tick and account, besides the 26 of the tick itself; a ledger of counts keeps
// only sums.
//
// flags: 1 withheld (dropped from a queue, lost with it, or sent in no readable form), 2 written with whole seconds.

import type { BrokerClock } from './prices/broker-clock.ts';
import type { MarketView } from './broker/market.ts';
import { CHUNK_BITS, CHUNK_MASK, CHUNK_TICKS } from './prices/tick-tape.ts';

export interface LedgerLine {
  /** Number of the tick, from 1, strictly increasing. */
  readonly n: number;
  readonly account: string;
  /** The account's connection it was written to, from 1; null when it was not written. */
  readonly conn: number | null;
  readonly symbol: string;
  /** Broker wall clock exactly as on the wire. */
  readonly brokerMs: number;
  /** When the tick was made; for a delayed symbol the earlier time that it states. */
  readonly utcMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly last: number;
  readonly volume: number;
  readonly withheld: boolean;
}

/** A tick cannot have an earlier time. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const WITHHELD = 1;
const WHOLE_SECONDS = 2;

interface Marks {
  readonly conn: Int32Array;
  readonly flags: Uint8Array;
}

export class AccountLedger {
  readonly #account: string;
  readonly #market: MarketView;
  readonly #marks: Marks[] | null;
  /** Clock rules with the first tick each holds for. */
  readonly #clocks: { fromN: number; clock: BrokerClock }[];
  /** Ticks that state another time than that at which they were made, with the difference. */
  readonly #statedOff = new Map<number, number>();
  written = 0;
  withheld = 0;

  constructor(options: { account: string; market: MarketView; clock: BrokerClock; mode: 'full' | 'counts' }) {
    this.#account = options.account;
    this.#market = options.market;
    this.#marks = options.mode === 'full' ? [] : null;
    this.#clocks = [{ fromN: 1, clock: options.clock }];
  }

  markWritten(n: number, conn: number, wholeSeconds: boolean): void {
    this.written++;
    if (this.#marks === null) return;
    const marks = this.#marksOf(n);
    marks.conn[n & CHUNK_MASK] = conn;
    if (wholeSeconds) marks.flags[n & CHUNK_MASK] = WHOLE_SECONDS;
  }

  markWithheld(n: number): void {
    this.withheld++;
    if (this.#marks === null) return;
    this.#marksOf(n).flags[n & CHUNK_MASK] = WITHHELD;
  }

  /** Records that a tick will state another time: an earlier one (a delayed symbol) or an impossible one. */
  stateOff(n: number, byMs: number): void {
    this.#statedOff.set(n, byMs);
  }

  /** The instant that a tick made at `utcMs` states. */
  statedUtcMs(n: number, utcMs: number): number {
    return this.#statedOff.size === 0 ? utcMs : utcMs + (this.#statedOff.get(n) ?? 0);
  }

  /** The broker's clock follows another rule from the next tick on. */
  changeClock(clock: BrokerClock): void {
    this.#clocks.push({ fromN: this.#market.tape.count + 1, clock });
  }

  /** Lines of ticks above `after`, or null when only counts are kept. */
  lines(after = 0): IterableIterator<LedgerLine> | null {
    return this.#marks === null ? null : this.#lines(after, this.#marks);
  }

  *#lines(after: number, marks: readonly Marks[]): IterableIterator<LedgerLine> {
    const { tape, symbols } = this.#market;
    const until = tape.count;
    for (let n = after + 1; n <= until; n++) {
      const tick = tape.read(n);
      const spec = symbols[tick.symbol] as (typeof symbols)[number];
      const scale = 10 ** spec.digits;
      const chunk = marks[n >> CHUNK_BITS];
      const conn = chunk?.conn[n & CHUNK_MASK] ?? 0;
      const flags = chunk?.flags[n & CHUNK_MASK] ?? 0;
      const statedMs = this.statedUtcMs(n, tick.utcMs);
      const brokerMs = this.clockOf(n).brokerMs(statedMs);
      yield {
        n,
        account: this.#account,
        conn: conn === 0 ? null : conn,
        symbol: spec.name,
        brokerMs: (flags & WHOLE_SECONDS) === 0 ? brokerMs : brokerMs - (brokerMs % 1000),
        utcMs: statedMs < tick.utcMs && statedMs >= EARLIEST_MS ? statedMs : tick.utcMs,
        bid: tick.bid / scale,
        ask: tick.ask / scale,
        last: tick.last / scale,
        volume: tick.volume,
        withheld: (flags & WITHHELD) !== 0,
      };
    }
  }

  /** The broker's clock has followed one rule since the start. */
  get oneRule(): boolean {
    return this.#clocks.length === 1;
  }

  /** The broker's clock under which tick `n` was made. */
  clockOf(n: number): BrokerClock {
    let found = this.#clocks[0] as { clock: BrokerClock };
    for (const entry of this.#clocks) if (entry.fromN <= n) found = entry;
    return found.clock;
  }

  #marksOf(n: number): Marks {
    const marks = this.#marks as Marks[];
    const at = n >> CHUNK_BITS;
    while (marks.length <= at)
      marks.push({ conn: new Int32Array(CHUNK_TICKS), flags: new Uint8Array(CHUNK_TICKS) });
    return marks[at] as Marks;
  }
}
