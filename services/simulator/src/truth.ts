// The true history, for tests to compare a recorder with: no fault, cap or time-out applies. In: an account's terminal and a range. Out: bars with
// the UTC time of their open, deals and closed positions as the routes send them plus their UTC times.

import { barEnd, barOpen, type Timeframe, timeframeMs } from './history/timeframe.ts';
import type { BrokerClock } from './prices/broker-clock.ts';
import type { Terminal } from './terminal/terminal.ts';

export interface TruthBar {
  /** Open, UTC milliseconds. */
  readonly utcMs: number;
  /** Open, broker wall clock in milliseconds. */
  readonly brokerMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly tickVolume: number;
  readonly spread: number;
  /** Its end has passed. */
  readonly closed: boolean;
}

/** A row of `/OrderHistory` with `utcMs`, or of `/PositionHistory` with `openUtcMs` and `closeUtcMs`. */
export type TruthRow = Record<string, unknown>;

const DAY = 86_400_000;

/** The instant at which the broker's clock showed `openBrokerMs`, near a minute of the bar. */
function utcOfOpen(clock: BrokerClock, openBrokerMs: number, minuteUtcMs: number): number {
  const near = openBrokerMs - clock.offsetMs(minuteUtcMs);
  if (clock.brokerMs(near) === openBrokerMs) return near;
  const before = openBrokerMs - clock.offsetMs(near - DAY / 8);
  return clock.brokerMs(before) === openBrokerMs ? before : near;
}

/** Bars of a symbol with an open in [fromUtcMs, toUtcMs), oldest first. Throws RangeError for an unknown symbol. */
export function truthBars(
  terminal: Terminal,
  of: { symbol: string; timeframe: Timeframe; fromUtcMs: number; toUtcMs: number },
): IterableIterator<TruthBar> {
  const { market } = terminal;
  const symbol = market.indexOf(of.symbol);
  const bars = market.bars[symbol];
  const spec = market.symbols[symbol];
  if (bars === undefined || spec === undefined) throw new RangeError(`there is no symbol ${of.symbol}`);
  const { digits } = spec;
  const clock = terminal.clock();
  const now = clock.brokerMs(terminal.nowUtcMs());
  const from = Math.max(of.fromUtcMs, bars.firstUtcMs - 32 * DAY) - DAY;
  const to = Math.min(of.toUtcMs, terminal.nowUtcMs()) + DAY;
  const folded = bars.fold(of.timeframe, from, to, clock);

  function* told(): Generator<TruthBar> {
    const { columns, opens } = folded;
    const scale = 10 ** digits;
    for (const [i, brokerMs] of opens.entries()) {
      const utcMs = utcOfOpen(clock, brokerMs, (columns.minute[i] as number) * 60_000);
      if (utcMs < of.fromUtcMs || utcMs >= of.toUtcMs) continue;
      yield {
        utcMs,
        brokerMs,
        open: (columns.open[i] as number) / scale,
        high: (columns.high[i] as number) / scale,
        low: (columns.low[i] as number) / scale,
        close: (columns.close[i] as number) / scale,
        tickVolume: columns.volume[i] as number,
        spread: columns.spread[i] as number,
        closed: barEnd(of.timeframe, brokerMs) <= now,
      };
    }
  }
  return told();
}

/** The bar of a symbol that holds a UTC instant. Throws RangeError where there is none. */
export function barHolding(
  terminal: Terminal,
  of: { symbol: string; timeframe: Timeframe; utcMs: number },
): TruthBar {
  const clock = terminal.clock();
  const open = barOpen(of.timeframe, clock.brokerMs(of.utcMs));
  const around = DAY + 2 * timeframeMs(of.timeframe);
  const range = { fromUtcMs: of.utcMs - around, toUtcMs: of.utcMs + DAY };
  const found = [...truthBars(terminal, { ...of, ...range })].findLast(({ brokerMs }) => brokerMs === open);
  if (found === undefined)
    throw new RangeError(`${of.symbol} has no ${of.timeframe} bar at ${new Date(of.utcMs).toISOString()}`);
  return found;
}

const all = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

/** Every deal of the account, by time. */
export async function truthDeals({ history, rows }: Terminal): Promise<TruthRow[]> {
  await history.ready();
  return history.deals(...all).map((deal) => ({ ...rows.deal(deal), utcMs: deal.utcMs }));
}

/** Every closed position of the account, by the time of closing. */
export async function truthPositions({ history, rows }: Terminal): Promise<TruthRow[]> {
  await history.ready();
  return history.closed(...all).map((position) => ({
    ...rows.closedPosition(position),
    openUtcMs: position.openUtcMs,
    closeUtcMs: position.closeUtcMs,
  }));
}
