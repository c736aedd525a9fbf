// Faults behind an open socket: the terminal restarts, the broker connection is lost, the server forgets a subscription, a trade is reported without
// its costs. Ticks made meanwhile are lost to the account and unsent in its ledger.

import { type Topic, topicShapes } from '@fxtape/fxsocket';
import { z } from 'zod';
import { TIMEFRAMES } from '../history/timeframe.ts';
import {
  countUntilReleased,
  defineFault,
  type FaultKind,
  holdName,
  ms,
  nothingThere,
  over,
  setUntilReleased,
} from './fault.ts';

/**
 * All subscriptions are silently lost, REST answers 503, upgrades are refused, requests are ignored. The heartbeat stops (`silence`) or continues
 * with `connected:false` (`connected_false`).
 */
const restart = defineFault(
  'terminal_restart',
  z.strictObject({ ms, sign: z.enum(['silence', 'connected_false']).default('silence') }),
  (terminal, { sign }) => {
    const name = holdName('terminal_restart');
    terminal.cutLink(name);
    terminal.conditions.restarting = sign;
    const { connection } = terminal;
    connection?.snapshots.clear();
    connection?.subscriptions.forget(({ topic }) => sign === 'silence' || topic !== 'terminal');
    return {
      applied: true,
      release: () => {
        terminal.conditions.restarting = null;
        terminal.linkBack(name);
      },
    };
  },
);

/** Heartbeats say `connected:false`; subscriptions stay, but the ticks of this time never come. */
const brokerDisconnect = defineFault('broker_disconnect', z.strictObject({ ms }), (terminal) => {
  const name = holdName('broker_disconnect');
  terminal.cutLink(name);
  return { applied: true, release: () => terminal.linkBack(name) };
});

/** The server forgets subscriptions; only `list` shows it. */
const dropSubscription = defineFault(
  'drop_subscription',
  z.strictObject({
    topic: z.enum(Object.keys(topicShapes) as Topic[]).default('prices'),
    /** Default: every symbol of the topic. */
    symbol: z.string().optional(),
    timeframe: z.enum(TIMEFRAMES).optional(),
  }),
  ({ connection }, given) => {
    const forgotten = connection?.subscriptions.forget(
      (one) =>
        one.topic === given.topic &&
        (given.symbol === undefined || one.symbol === given.symbol) &&
        (given.timeframe === undefined || one.timeframe === given.timeframe),
    );
    return forgotten === undefined || forgotten === 0 ? nothingThere : over;
  },
);

/** `/symbols` lists only the first few symbols, like a starting terminal; `/status` admits it when `synced` is false. Ticks continue. */
const symbolsShort = defineFault(
  'symbols_short',
  z.strictObject({ keep: z.int().nonnegative().default(0), synced: z.boolean().default(false), ms }),
  ({ conditions }, { keep, synced }) => setUntilReleased(conditions, 'symbolsShort', { keep, synced }),
);

/** The next `count` trades carry `degraded: true`, entry `Unknown` and no costs. */
const degradedTrades = defineFault(
  'degraded_trades',
  z.strictObject({ count: z.int().positive().default(1) }),
  ({ conditions }, { count }) => {
    conditions.degradedTrades = count;
    return over;
  },
);

/** The trade EA is not registered: trading requests answer 503, the others work. */
const tradeEaMissing = defineFault('trade_ea_missing', z.strictObject({ ms }), ({ conditions }) => {
  conditions.tradeEaReady = false;
  return {
    applied: true,
    release: () => {
      conditions.tradeEaReady = true;
    },
  };
});

/** Trading requests answer 504, and are executed all the same or not. */
const tradeTimeout = defineFault(
  'trade_timeout',
  z.strictObject({ applied: z.boolean().default(true), count: z.int().positive().optional(), ms }),
  ({ conditions }, { applied, count }) =>
    countUntilReleased(conditions, 'tradeTimeouts', { applied, remaining: count ?? null }),
);

/** The price moves against the client before execution: a requote when it moves by more than the order's `slippage`. */
const priceMoves = defineFault(
  'price_moves',
  z.strictObject({ points: z.int().positive(), count: z.int().positive().optional(), ms }),
  ({ conditions }, { count, points }) =>
    countUntilReleased(conditions, 'priceMoves', { points, remaining: count ?? null }),
);

/** Market orders are filled in part: retcode 10010. */
const partialFill = defineFault(
  'partial_fill',
  z.strictObject({
    share: z.number().positive().lt(1).default(0.5),
    count: z.int().positive().optional(),
    ms,
  }),
  ({ conditions }, { count, share }) =>
    countUntilReleased(conditions, 'partialFills', { share, remaining: count ?? null }),
);

export const TERMINAL_FAULTS: readonly FaultKind[] = [
  restart,
  brokerDisconnect,
  dropSubscription,
  symbolsShort,
  degradedTrades,
  tradeEaMissing,
  tradeTimeout,
  priceMoves,
  partialFill,
];
