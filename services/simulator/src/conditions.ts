// What is unusual about one account's gateway right now. In: faults set and release these. Out: the socket, the terminal and
// the REST routes read them. Everything at rest is the scenario's own setting.

import type { z } from 'zod';
import type { HistoryFault } from './answers/answer-shape.ts';
import type { Execution } from './trading/order-desk.ts';
import type { ackOrder, Scenario, snapshotOrder } from './scenario.ts';
import type { RestAnswer } from './answers/envelope.ts';

/** How long a snapshot lingers, and what it states then. */
export interface Lingering {
  readonly ms: number;
  readonly states: 'asked' | 'newest';
}

/** What becomes of a request: another answer, a connection that is reset, nothing for ever, or the true answer late or cut off. */
export type Disturbance =
  | { readonly answer: RestAnswer }
  | { readonly connection: 'reset' | 'silent' }
  | { readonly lateMs: number; readonly cut: boolean };

export type SnapshotOrder = z.output<typeof snapshotOrder>;
export type AckOrder = z.output<typeof ackOrder>;

/** One canned or broken answer for REST requests whose path ends like `path`. */
export interface RestFault {
  readonly path: string;
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Waits this long before it answers. */
  readonly delayMs: number;
  /** Announces the whole body and breaks off after this many bytes. */
  readonly truncateBytes: number | null;
  /** Requests left; null for as long as the fault lasts. */
  remaining: number | null;
}

export interface Conditions {
  wholeSeconds: boolean;
  snapshotOrder: SnapshotOrder;
  ackOrder: AckOrder;
  ackDelayMs: number;
  /** How the next snapshot lingers; null: none does. */
  lingering: (() => Lingering) | null;
  badSymbol: Scenario['badSymbol'];
  /** Requests that get no answer, although they take effect. */
  swallowAcks: number;
  /** `serverTime` stands still at this UTC instant. */
  frozenAtUtcMs: number | null;
  /** The terminal restarts: REST answers 503, no request on the socket is heard, nothing is sent. */
  restarting: 'silence' | 'connected_false' | null;
  /** Upgrades are refused with this status; `remaining` null for as long as the fault lasts. */
  refuseUpgrade: { status: number; remaining: number | null } | null;
  /** Further connections that are evicted this long after they opened. */
  evictions: { remaining: number; afterMs: number } | null;
  /** Trades whose entry and costs are unknown. */
  degradedTrades: number;
  /** Symbols whose next ticks go out unreadable. */
  readonly badTicks: Map<number, number>;
  /** Symbols whose next ticks state another time; `remaining` null for as long as the fault lasts. */
  readonly otherTimes: Map<number, { readonly byMs: number; remaining: number | null }>;
  rest: RestFault[];
  /** What becomes of a request that no `rest` fault fits; null: it is answered. */
  disturb: (() => Disturbance | null) | null;
  /** What happens to answers of the history routes, in the order in which it was applied. */
  history: readonly HistoryFault[];
  /** Requests that trade answer 503 while it is false. */
  tradeEaReady: boolean;
  /** Requests that trade answer 504; `applied`: what they asked for is done all the same. */
  tradeTimeouts: { remaining: number | null; readonly applied: boolean } | null;
  /** Orders at the market meet this; `remaining` null for as long as the fault lasts. */
  priceMoves: { readonly points: number; remaining: number | null } | null;
  partialFills: { readonly share: number; remaining: number | null } | null;
  /** `/symbols` lists this many only; `synced`: what `/status` says of it. */
  symbolsShort: { readonly keep: number; readonly synced: boolean } | null;
  /** Faults for which `/status` says that symbols are not synchronised. */
  unsynced: number;
  /** Symbols that the broker no longer lists. */
  readonly unlisted: string[];
}

export function conditionsAtRest(scenario: Scenario): Conditions {
  return {
    wholeSeconds: scenario.wholeSeconds,
    snapshotOrder: scenario.snapshotOrder,
    ackOrder: scenario.ackOrder,
    ackDelayMs: scenario.ackDelayMs,
    lingering: null,
    badSymbol: scenario.badSymbol,
    swallowAcks: 0,
    frozenAtUtcMs: null,
    restarting: null,
    refuseUpgrade: null,
    evictions: null,
    degradedTrades: 0,
    badTicks: new Map(),
    otherTimes: new Map(),
    rest: [],
    disturb: null,
    history: [],
    tradeEaReady: true,
    tradeTimeouts: null,
    priceMoves: null,
    partialFills: null,
    symbolsShort: null,
    unsynced: 0,
    unlisted: [],
  };
}

/** What the next order at the market meets; counts it. */
export function executionUnder({ partialFills, priceMoves }: Conditions): Execution {
  return {
    movedPoints: take(priceMoves)?.points ?? 0,
    share: take(partialFills)?.share ?? 1,
  };
}

function take<T extends { remaining: number | null }>(condition: T | null): T | null {
  if (condition === null || condition.remaining === 0) return null;
  if (condition.remaining !== null) condition.remaining--;
  return condition;
}
