// Hears what the collector streamed into the database, and asks for its confirmation by history. In: `bar_events` and `trade_events`, looked
// at once a second. Out: one `bars` job per stream two seconds after its first new bar, one `reconcile` per account a second after its
// first new trade, with all that came meanwhile. What it misses (a stop, a row that became visible late) the next plan finds as missing.
import type { PlannedJob } from '@fxtape/jobs';
import type { Clock } from '@fxtape/ops';
import type { HistoryReader } from '@fxtape/questdb';

const BAR_WAIT_MS = 2000;
const TRADE_WAIT_MS = 1000;
/** Looked at again, because tables apply their logs one after another: what is new may carry an older time than what was seen. */
const OVERLAP_US = 10_000_000;
/** Heard at the start: what came while nobody listened for a moment. */
const BEFORE_START_US = 60_000_000;
/**
 * Bars up to H4 opened so long before they were streamed, and those of the longest timeframe so long. The second are looked for once a
 * minute only: a month of bars is a lot to look through each second.
 */
const SHORT_OPEN_US = 6 * 3_600_000_000;
const LONG_OPEN_US = 33 * 86_400_000_000;
const LONG_EVERY_MS = 60_000;
const MOST_DEALS = 1000;

export interface HeardBar {
  readonly feed: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly ts: number;
}

interface HeardTrade {
  readonly account: string;
  readonly deal_id: number | bigint | null;
  readonly ts: number;
}

export class EventEar {
  readonly #reader: Pick<HistoryReader, 'barEventsAfter' | 'tradeEventsAfter'>;
  readonly #clock: Clock;
  readonly #bars: Heard<HeardBar & { ts_recv: number }>;
  readonly #trades: Heard<HeardTrade & { ts_recv: number }>;
  #longAtMs = Number.NEGATIVE_INFINITY;

  constructor(o: { reader: Pick<HistoryReader, 'barEventsAfter' | 'tradeEventsAfter'>; clock: Clock }) {
    this.#reader = o.reader;
    this.#clock = o.clock;
    const startUs = o.clock.nowUs() - BEFORE_START_US;
    this.#bars = new Heard(startUs, (bar) => `${bar.feed} ${bar.timeframe} ${bar.symbol}`, BAR_WAIT_MS);
    this.#trades = new Heard(startUs, (trade) => trade.account, TRADE_WAIT_MS);
  }

  /** `replayed`: rows may lie anywhere in time, so that the tables are read as a whole. Errors: those of the reader. */
  async listen(o: { replayed: boolean; signal: AbortSignal }): Promise<void> {
    const nowMs = this.#clock.monoMs();
    const long = o.replayed || nowMs - this.#longAtMs >= LONG_EVERY_MS;
    const reach = long ? LONG_OPEN_US : SHORT_OPEN_US;
    const ask = (afterUs: number) => ({
      signal: o.signal,
      ...(o.replayed ? {} : { sinceUs: Math.max(0, afterUs - reach) }),
    });
    const [bars, trades] = [this.#bars, this.#trades].map((heard) =>
      long ? heard.longAfterUs : heard.afterUs,
    );
    this.#bars.hear(await this.#reader.barEventsAfter(bars as number, ask(bars as number)), nowMs);
    this.#trades.hear(await this.#reader.tradeEventsAfter(trades as number, ask(trades as number)), nowMs);
    if (!long) return;
    this.#longAtMs = nowMs;
    this.#bars.heardLong();
    this.#trades.heardLong();
  }

  /** Streams whose time has come, each with its newest bar. */
  ripeBars(): HeardBar[] {
    return this.#bars.ripe(this.#clock.monoMs()).map((bars) => bars.reduce((a, b) => (b.ts > a.ts ? b : a)));
  }

  /** Reconciliations whose time has come. */
  ripeTrades(): PlannedJob[] {
    return this.#trades.ripe(this.#clock.monoMs()).flatMap((trades) => [...reconcileJobs(trades)]);
  }
}

function* reconcileJobs(trades: readonly HeardTrade[]): Generator<PlannedJob> {
  for (let at = 0; at < trades.length; at += MOST_DEALS) {
    const some = trades.slice(at, at + MOST_DEALS);
    const times = some.map(({ ts }) => ts);
    // MT4 names no deal: then the range alone says what to look for.
    const ids = some.flatMap(({ deal_id: id }) => (id === null || BigInt(id) === 0n ? [] : [String(id)]));
    yield {
      name: 'reconcile',
      payload: {
        account: (some[0] as HeardTrade).account,
        fromUs: Math.max(0, Math.min(...times)),
        toUs: Math.max(...times) + 1,
        dealIds: [...new Set(ids)],
        positionIds: [],
      },
    };
  }
}

/** New rows of one table, each heard once, gathered until the first of its group has waited long enough. */
class Heard<R extends { readonly ts: number; readonly ts_recv: number }> {
  readonly #groupOf: (row: R) => string;
  readonly #waitMs: number;
  readonly #known = new Map<string, number>();
  readonly #waiting = new Map<string, { sinceMs: number; rows: R[] }>();
  #newestUs: number;
  #longAfterUs: number;

  constructor(startUs: number, groupOf: (row: R) => string, waitMs: number) {
    this.#newestUs = startUs + OVERLAP_US;
    this.#longAfterUs = startUs;
    this.#groupOf = groupOf;
    this.#waitMs = waitMs;
  }

  get afterUs(): number {
    return this.#newestUs - OVERLAP_US;
  }

  /** The same for the looks that reach far back. */
  get longAfterUs(): number {
    return this.#longAfterUs;
  }

  heardLong(): void {
    this.#longAfterUs = this.afterUs;
    for (const [id, receivedUs] of this.#known) if (receivedUs <= this.#longAfterUs) this.#known.delete(id);
  }

  hear(rows: readonly R[], nowMs: number): void {
    for (const row of rows) {
      const group = this.#groupOf(row);
      const id = `${row.ts_recv} ${row.ts} ${group}`;
      if (this.#known.has(id)) continue;
      this.#known.set(id, row.ts_recv);
      this.#newestUs = Math.max(this.#newestUs, row.ts_recv);
      const waiting = this.#waiting.get(group);
      if (waiting === undefined) this.#waiting.set(group, { sinceMs: nowMs, rows: [row] });
      else waiting.rows.push(row);
    }
  }

  ripe(nowMs: number): R[][] {
    const ripe: R[][] = [];
    for (const [group, { rows, sinceMs }] of this.#waiting) {
      if (nowMs - sinceMs < this.#waitMs) continue;
      this.#waiting.delete(group);
      ripe.push(rows);
    }
    return ripe;
  }
}
