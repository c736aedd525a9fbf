// The routes that tell the past: bars, deals, closed positions, ticks. In: account and query. Out: rows as the broker has
// them at the virtual now. Bars and ticks are written as bytes, in pieces, so that a deep answer does not hold up the stream.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FoldedBars } from '../history/minute-bars.ts';
import { ticksBetween } from '../history/tick-range.ts';
import { isTimeframe, timeframeMs } from '../history/timeframe.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { barRows } from './bar-rows.ts';
import { failed, ok, timedOut, validation } from './envelope.ts';
import { bounds, tickBounds } from './history-query.ts';
import type { Route } from './route.ts';
import { tickRows } from './tick-rows.ts';

/** Runs pieces of work with turns of the event loop between them. */
async function inTurns<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

const priceHistory: Route = async ({ terminal, query, scenario }) => {
  const name = query.get('symbol');
  const timeframe = query.get('timeframe');
  if (name === null || name === '') return validation('missing query parameter "symbol"');
  if (!isTimeframe(timeframe)) return validation(`invalid timeframe "${timeframe ?? ''}"`);
  const range = bounds(query);
  if (typeof range === 'string') return validation(range);
  const symbol = terminal.market.indexOf(name);
  const bars = terminal.market.bars[symbol];
  const spec = terminal.market.symbols[symbol];
  if (bars === undefined || spec === undefined) return failed('CopyRates');
  const clock = terminal.clock();
  const to = Math.min(range.to, clock.brokerMs(terminal.nowUtcMs()));
  // Where no start is given, the terminal asks the broker for everything there is.
  const from = Math.max(range.from, bars.firstUtcMs - 86_400_000);
  if ((to - from) / timeframeMs(timeframe) > scenario.history.timeoutBars)
    return timedOut('MarketInfo.PriceHistory');
  const folded: FoldedBars = await inTurns(bars.foldSteps(timeframe, from, to, clock));
  return ok(await inTurns(barRows(folded, spec.digits)));
};

const quoteTicks: Route = async ({ terminal, query, scenario }) => {
  const name = query.get('symbol');
  if (name === null || name === '') return validation('missing query parameter "symbol"');
  const { quoteTicks: kind, tickCap } = scenario.history;
  const range = tickBounds(query, kind === 'dates_only');
  if (typeof range === 'string') return validation(range);
  const { market, ledger } = terminal;
  const symbol = market.indexOf(name);
  if (symbol === -1) return failed('CopyTicks');
  const ticks = ticksBetween({
    tape: market.tape,
    symbol,
    ...range,
    most: tickCap ?? Number.POSITIVE_INFINITY,
    clock: terminal.clock(),
    clockOf: (n) => ledger.clockOf(n),
    oneRule: ledger.oneRule,
  });
  return ok(await inTurns(tickRows(terminal, symbol, ticks)));
};

const rowsOf =
  (rows: (terminal: Terminal, from: number, to: number) => Promise<unknown>): Route =>
  async ({ terminal, query }) => {
    const range = bounds(query);
    return typeof range === 'string' ? validation(range) : ok(await rows(terminal, range.from, range.to));
  };

/** Path under the account's base → route. */
export const HISTORY_ROUTES: readonly (readonly [string, Route])[] = [
  ['/PriceHistory', priceHistory],
  ['/QuoteTicks', quoteTicks],
  ['/OrderHistory', rowsOf((terminal, from, to) => terminal.rows.deals(from, to))],
  ['/PositionHistory', rowsOf((terminal, from, to) => terminal.rows.closedPositions(from, to))],
];
