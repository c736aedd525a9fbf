// The history routes: bars, deals, closed positions, ticks. In: account and query. Out: the broker's rows at the virtual now, changed by faults. Bars
// and ticks are written as bytes in pieces of work, so that a long answer does not delay the stream.

import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { CHUNK_MASK } from '../prices/tick-tape.ts';
import { ticksBetween } from '../history/tick-range.ts';
import { isTimeframe, timeframeMs } from '../history/timeframe.ts';
import type { Terminal } from '../terminal/terminal.ts';
import {
  type AnswerShape,
  type HistoryAsk,
  kept,
  type TradeRow,
  undisturbed,
} from '../answers/answer-shape.ts';
import { barRows } from './bar-rows.ts';
import { failed, ok, type RestAnswer, timedOut, validation } from '../answers/envelope.ts';
import { type BrokerBounds, bounds, tickBounds } from './history-query.ts';
import type { Route, RouteContext } from './route.ts';
import { tickRows } from './tick-rows.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** Runs pieces of work, one per turn of the event loop. */
async function inTurns<T>(steps: Generator<void, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}

const shapeOf = (terminal: Terminal, ask: HistoryAsk): AnswerShape => {
  const shape = undisturbed();
  for (const fault of terminal.conditions.history) fault.shape(ask, shape);
  return shape;
};

async function later<T>(delayMs: number, said: T): Promise<T> {
  if (delayMs > 0) await wait(delayMs);
  return said;
}

/** Turns `count` rows into an answer: on time, late, timed out, or broken off. */
async function answer(
  shape: AnswerShape,
  { path }: HistoryAsk,
  rows: { count: number; body: () => unknown },
): Promise<RestAnswer> {
  await later(shape.delayMs + (rows.count * shape.delayPerRowUs) / 1000, null);
  if (rows.count > shape.mostRows) return timedOut(`MarketInfo.${path.slice(1)}`);
  return { ...ok(await rows.body()), breakOff: shape.breakOff };
}

/** The range limited to the existing history, by which faults measure requests. */
const within = ({ from, to }: BrokerBounds, first: number, last: number): BrokerBounds => {
  const end = Math.min(to, last);
  return { from: Math.min(Math.max(from, first), end), to: end };
};

/** Broker time up to which bars and ticks are there. */
const knownUntil = (terminal: Terminal, { hideNewestMs }: AnswerShape): number => {
  const now = terminal.clock().brokerMs(terminal.nowUtcMs() - hideNewestMs);
  return Math.min(now, terminal.clock().brokerMs(terminal.syncedUntilUtcMs()));
};

const priceHistory: Route = async ({ terminal, query, scenario }) => {
  const name = query.get('symbol');
  const timeframe = query.get('timeframe');
  if (name === null || name === '') return validation('missing query parameter "symbol"');
  if (!isTimeframe(timeframe)) return validation(`invalid timeframe "${timeframe ?? ''}"`);
  const range = bounds(query);
  if (typeof range === 'string') return validation(range);
  const symbol = terminal.symbolIndex(name);
  const bars = terminal.market.bars[symbol];
  const spec = terminal.market.symbols[symbol];
  if (bars === undefined || spec === undefined) return failed('CopyRates');
  const clock = terminal.clock();
  const now = clock.brokerMs(terminal.nowUtcMs());
  // Without `from` the terminal asks the broker for its whole history.
  const first = bars.firstUtcMs - DAY;
  const { from, to } = within(range, first, now);
  const ask: HistoryAsk = { path: '/PriceHistory', symbol: name, timeframe, from, to };
  const shape = shapeOf(terminal, ask);
  if (shape.refusal !== null) return later(shape.delayMs, shape.refusal);
  if ((to - from) / timeframeMs(timeframe) > scenario.history.timeoutBars)
    return timedOut('MarketInfo.PriceHistory');
  const until = knownUntil(terminal, shape);
  const folded = await inTurns(bars.foldSteps(timeframe, Math.max(range.from, first), to, clock));
  // The minute in which the terminal lost its link is missing as a whole.
  const cut = until < now ? folded.opens.findIndex((open) => open >= until - (until % MINUTE)) : -1;
  const known = cut === -1 ? folded.opens.length : cut;
  const part = kept(shape, known);
  return answer(shape, ask, {
    count: part.to - part.from,
    body: () => inTurns(barRows(folded, { digits: spec.digits, noise: shape.noise, ...part })),
  });
};

const quoteTicks: Route = async ({ terminal, query, scenario }) => {
  const name = query.get('symbol');
  if (name === null || name === '') return validation('missing query parameter "symbol"');
  const { quoteTicks: kind, tickCap } = scenario.history;
  const range = tickBounds(query, kind);
  if (typeof range === 'string') return validation(range);
  const { market, ledger } = terminal;
  const symbol = terminal.symbolIndex(name);
  const spec = market.symbols[symbol];
  if (spec === undefined) return failed('CopyTicks');
  const clock = terminal.clock();
  const ask: HistoryAsk = {
    path: '/QuoteTicks',
    symbol: name,
    timeframe: null,
    ...within(range, clock.brokerMs(terminal.startUtcMs), clock.brokerMs(terminal.nowUtcMs())),
  };
  const shape = shapeOf(terminal, ask);
  if (shape.refusal !== null) return later(shape.delayMs, shape.refusal);
  const made = ticksBetween({
    tape: market.tape,
    symbol,
    from: range.from,
    to: Math.min(range.to, knownUntil(terminal, shape)),
    clock,
    clockOf: (n) => ledger.clockOf(n),
    oneRule: ledger.oneRule,
  });
  const lost = (n: number): boolean => {
    const utcMs = made.chunkOf(n).utcMs[n & CHUNK_MASK] as number;
    return shape.holes.some((hole) => utcMs >= hole.from && utcMs < hole.to);
  };
  const ticks = shape.holes.length === 0 ? made : { ...made, numbers: made.numbers.filter((n) => !lost(n)) };
  const part = kept(shape, Math.min(ticks.numbers.length, tickCap ?? Number.POSITIVE_INFINITY));
  const look = { digits: spec.digits, clockOf: (n: number) => ledger.clockOf(n), shape, ...part };
  return answer(shape, ask, {
    count: part.to - part.from,
    body: () => inTurns(tickRows(ticks, look)),
  });
};

type TradeRows = (terminal: Terminal, range: BrokerBounds) => Promise<TradeRow[]>;

const tradeHistory =
  (path: '/OrderHistory' | '/PositionHistory', rowsOf: TradeRows): Route =>
  async ({ terminal, query, scenario }: RouteContext) => {
    const range = bounds(query);
    if (typeof range === 'string') return validation(range);
    const clock = terminal.clock();
    const first = clock.brokerMs(terminal.startUtcMs - scenario.history.trader.days * DAY);
    const cut = within(range, first, clock.brokerMs(terminal.nowUtcMs()));
    const ask: HistoryAsk = { path, symbol: null, timeframe: null, ...cut };
    const shape = shapeOf(terminal, ask);
    if (shape.refusal !== null) return later(shape.delayMs, shape.refusal);
    const shown = (row: TradeRow): TradeRow[] => {
      const now = shape.shows.reduce((so: TradeRow | null, show) => (so === null ? null : show(so)), row);
      return now === null ? [] : [now];
    };
    const rows = (await rowsOf(terminal, range)).flatMap(shown);
    const part = kept(shape, rows.length);
    const body = rows.slice(part.from, part.to);
    return answer(shape, ask, { count: body.length, body: () => body });
  };

/** Path under the account's base → route. */
export const HISTORY_ROUTES: readonly (readonly [string, Route])[] = [
  ['/PriceHistory', priceHistory],
  ['/QuoteTicks', quoteTicks],
  ['/OrderHistory', tradeHistory('/OrderHistory', ({ rows }, { from, to }) => rows.orderHistory(from, to))],
  [
    '/PositionHistory',
    tradeHistory('/PositionHistory', ({ rows }, { from, to }) => rows.closedPositions(from, to)),
  ],
];
