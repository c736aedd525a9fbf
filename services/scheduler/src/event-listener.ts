// Follows what the collector streamed into the database, so that history confirms it soon. In: `bar_events` and `trade_events`, polled once a
// second. Out: per stream its newest bar, two seconds after the first new one; per account a `reconcile` job, one second after its first new
// trade, with all trades since. Events that it misses (during a stop, or because a row became visible late) are in the next plan.
import type { PlannedJob } from '@fxtape/jobs';
import type { Clock } from '@fxtape/ops';
import type { HistoryReader } from '@fxtape/questdb';

const BAR_WAIT_MS = 2000;
const TRADE_WAIT_MS = 1000;
/** Read again each time: tables apply their logs one after another, so a new row may have an older time than one that was read. */
const OVERLAP_US = 10_000_000;
/** Read at the start: what arrived while no scheduler was the leader. */
const BEFORE_START_US = 60_000_000;
/**
 * How long before it was streamed a bar may have opened: up to H4, and the longest timeframe. The long range is read once a minute only,
 * because a month of bars is too much to scan each second.
 */
const SHORT_OPEN_US = 6 * 3_600_000_000;
const LONG_OPEN_US = 33 * 86_400_000_000;
const LONG_EVERY_MS = 60_000;
const MOST_DEALS = 1000;

export interface BarEvent {
  readonly feed: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly ts: number;
}

interface TradeEvent {
  readonly account: string;
  readonly deal_id: number | bigint | null;
  readonly ts: number;
}

export class EventListener {
  readonly #reader: Pick<HistoryReader, 'barEventsAfter' | 'tradeEventsAfter'>;
  readonly #clock: Clock;
  readonly #bars: EventBatches<BarEvent & { ts_recv: number }>;
  readonly #trades: EventBatches<TradeEvent & { ts_recv: number }>;
  #longAtMs = Number.NEGATIVE_INFINITY;

  constructor(o: { reader: Pick<HistoryReader, 'barEventsAfter' | 'tradeEventsAfter'>; clock: Clock }) {
    this.#reader = o.reader;
    this.#clock = o.clock;
    const startUs = o.clock.nowUs() - BEFORE_START_US;
    this.#bars = new EventBatches(
      startUs,
      (bar) => `${bar.feed} ${bar.timeframe} ${bar.symbol}`,
      BAR_WAIT_MS,
    );
    this.#trades = new EventBatches(startUs, (trade) => trade.account, TRADE_WAIT_MS);
  }

  /** Reads new events. `replayed`: rows may lie anywhere in time, so the whole tables are read. Errors: those of the reader. */
  async poll(o: { replayed: boolean; signal: AbortSignal }): Promise<void> {
    const nowMs = this.#clock.monoMs();
    const long = o.replayed || nowMs - this.#longAtMs >= LONG_EVERY_MS;
    const reach = long ? LONG_OPEN_US : SHORT_OPEN_US;
    const ask = (afterUs: number) => ({
      signal: o.signal,
      ...(o.replayed ? {} : { sinceUs: Math.max(0, afterUs - reach) }),
    });
    const barsAfterUs = long ? this.#bars.longAfterUs : this.#bars.afterUs;
    const tradesAfterUs = long ? this.#trades.longAfterUs : this.#trades.afterUs;
    this.#bars.add(await this.#reader.barEventsAfter(barsAfterUs, ask(barsAfterUs)), nowMs);
    this.#trades.add(await this.#reader.tradeEventsAfter(tradesAfterUs, ask(tradesAfterUs)), nowMs);
    if (!long) return;
    this.#longAtMs = nowMs;
    this.#bars.endLong();
    this.#trades.endLong();
  }

  /** The newest bar of each stream that is due. */
  dueBars(): BarEvent[] {
    return this.#bars.due(this.#clock.monoMs()).map((bars) => bars.reduce((a, b) => (b.ts > a.ts ? b : a)));
  }

  /** The reconcile jobs of the accounts that are due. */
  dueTrades(): PlannedJob[] {
    return this.#trades.due(this.#clock.monoMs()).flatMap((trades) => [...reconcileJobs(trades)]);
  }
}

function* reconcileJobs(trades: readonly TradeEvent[]): Generator<PlannedJob> {
  for (let at = 0; at < trades.length; at += MOST_DEALS) {
    const some = trades.slice(at, at + MOST_DEALS);
    const times = some.map(({ ts }) => ts);
    // MT4 events carry no deal number: the range alone says what to look for.
    const ids = some.flatMap(({ deal_id: id }) => (id === null || BigInt(id) === 0n ? [] : [String(id)]));
    yield {
      name: 'reconcile',
      payload: {
        account: (some[0] as TradeEvent).account,
        fromUs: Math.max(0, Math.min(...times)),
        toUs: Math.max(...times) + 1,
        dealIds: [...new Set(ids)],
        positionIds: [],
      },
    };
  }
}

/** The new rows of one table, each taken once, in batches: a group is due when its first row has waited long enough. */
class EventBatches<R extends { readonly ts: number; readonly ts_recv: number }> {
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

  /** The same for reads over the long range. */
  get longAfterUs(): number {
    return this.#longAfterUs;
  }

  endLong(): void {
    this.#longAfterUs = this.afterUs;
    for (const [id, receivedUs] of this.#known) if (receivedUs <= this.#longAfterUs) this.#known.delete(id);
  }

  add(rows: readonly R[], nowMs: number): void {
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

  due(nowMs: number): R[][] {
    const due: R[][] = [];
    for (const [group, { rows, sinceMs }] of this.#waiting) {
      if (nowMs - sinceMs < this.#waitMs) continue;
      this.#waiting.delete(group);
      due.push(rows);
    }
    return due;
  }
}
