// Faults behind a socket that stays open: the terminal restarts, the broker is away, the server forgets a subscription, a
// trade is reported without its costs. Ticks made meanwhile are lost to the account and stand in its ledger unsent.

import { type Topic, topicShapes } from '@fxtape/fxsocket';
import { z } from 'zod';
import { TIMEFRAMES } from '../history/timeframe.ts';
import { defineFault, type FaultKind, holdName, nothingThere, over } from './fault.ts';
import { setUntilReleased } from './subscribing.ts';

const ms = z.int().positive().optional();

/**
 * All subscriptions are lost without a word, REST answers 503, upgrades are refused, requests are not heard. The heartbeat
 * falls silent with the rest (`silence`), or goes on and says `connected:false` until the end (`connected_false`).
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

/** Heartbeats say `connected:false`; afterwards only new ticks flow. Subscriptions stay. */
const brokerDisconnect = defineFault('broker_disconnect', z.strictObject({ ms }), (terminal) => {
  const name = holdName('broker_disconnect');
  terminal.cutLink(name);
  return { applied: true, release: () => terminal.linkBack(name) };
});

/** Subscriptions that the server no longer has; only `list` shows it. */
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

/** `/symbols` lists the first few symbols only, as a terminal does that starts; `/status` says so where `synced` is false. Ticks flow on. */
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

/** The trade EA is not registered: requests that trade answer 503, the others work. */
const tradeEaMissing = defineFault('trade_ea_missing', z.strictObject({ ms }), ({ conditions }) => {
  conditions.tradeEaReady = false;
  return {
    applied: true,
    release: () => {
      conditions.tradeEaReady = true;
    },
  };
});

/** Requests that trade answer 504, and what they asked for is done all the same, or is not. */
const tradeTimeout = defineFault(
  'trade_timeout',
  z.strictObject({ applied: z.boolean().default(true), count: z.int().positive().optional(), ms }),
  ({ conditions }, { applied, count }) => {
    const timeouts = { applied, remaining: count ?? null };
    conditions.tradeTimeouts = timeouts;
    return {
      applied: true,
      release: () => {
        if (conditions.tradeTimeouts === timeouts) conditions.tradeTimeouts = null;
      },
    };
  },
);

/** Between quote and execution the price goes against the client: a requote where that is more than the `slippage` of the order. */
const priceMoves = defineFault(
  'price_moves',
  z.strictObject({ points: z.int().positive(), count: z.int().positive().optional(), ms }),
  ({ conditions }, { count, points }) => {
    const moves = { points, remaining: count ?? null };
    conditions.priceMoves = moves;
    return {
      applied: true,
      release: () => {
        if (conditions.priceMoves === moves) conditions.priceMoves = null;
      },
    };
  },
);

/** Orders at the market are done in part: retcode 10010. */
const partialFill = defineFault(
  'partial_fill',
  z.strictObject({
    share: z.number().positive().lt(1).default(0.5),
    count: z.int().positive().optional(),
    ms,
  }),
  ({ conditions }, { count, share }) => {
    const fills = { share, remaining: count ?? null };
    conditions.partialFills = fills;
    return {
      applied: true,
      release: () => {
        if (conditions.partialFills === fills) conditions.partialFills = null;
      },
    };
  },
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
