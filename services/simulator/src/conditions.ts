// The conditions of one account that faults change. Faults set and release them; the socket, the terminal and the REST routes read them. Without
// faults they are the scenario's settings.

import type { z } from 'zod';
import type { HistoryFault } from './answers/answer-shape.ts';
import type { Execution } from './trading/order-desk.ts';
import type { ackOrder, Scenario, snapshotOrder } from './scenario.ts';
import type { RestAnswer } from './answers/envelope.ts';

/** How long a snapshot is delayed, and which tick it then states. */
export interface Lingering {
  readonly ms: number;
  readonly states: 'asked' | 'newest';
}

/** What happens to a request: another answer, a reset, no answer at all, or the true answer late or cut off. */
export type Disturbance =
  | { readonly answer: RestAnswer }
  | { readonly connection: 'reset' | 'silent' }
  | { readonly lateMs: number; readonly cut: boolean };

export type SnapshotOrder = z.output<typeof snapshotOrder>;
export type AckOrder = z.output<typeof ackOrder>;

/** A canned or broken answer for REST requests whose path ends with `path`. */
export interface RestFault {
  readonly path: string;
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Waits this long before it answers. */
  readonly delayMs: number;
  /** Declares the full length and breaks off after this many bytes. */
  readonly truncateBytes: number | null;
  /** Requests left; null for as long as the fault lasts. */
  remaining: number | null;
}

export interface Conditions {
  /** Ticks have no milliseconds. */
  wholeSeconds: boolean;
  snapshotOrder: SnapshotOrder;
  ackOrder: AckOrder;
  ackDelayMs: number;
  /** How the next snapshot is delayed; null: not at all. */
  lingering: (() => Lingering) | null;
  /** The answer to an unknown symbol: an `error` frame, or `subscribed` without any data. */
  badSymbol: 'error' | 'silent_ack';
  /** Number of requests that take effect without an answer. */
  swallowAcks: number;
  /** `serverTime` stands still at this UTC instant. */
  frozenAtUtcMs: number | null;
  /** The terminal restarts: REST answers 503, the socket neither reads nor sends. */
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
  /** What happens to a request that no `rest` fault matches; null: it is answered. */
  disturb: (() => Disturbance | null) | null;
  /** Changes to answers of the history routes, in the order of application. */
  history: readonly HistoryFault[];
  /** While false, trading requests answer 503. */
  tradeEaReady: boolean;
  /** Trading requests answer 504; with `applied` they are executed all the same. */
  tradeTimeouts: { remaining: number | null; readonly applied: boolean } | null;
  /** The execution of market orders; `remaining` null for as long as the fault lasts. */
  priceMoves: { readonly points: number; remaining: number | null } | null;
  partialFills: { readonly share: number; remaining: number | null } | null;
  /** `/symbols` lists only this many; `synced`: what `/status` says. */
  symbolsShort: { readonly keep: number; readonly synced: boolean } | null;
  /** Faults for which `/status` says that symbols are not synchronised. */
  unsynced: number;
  /** Symbols that the broker no longer lists. */
  readonly unlisted: string[];
}

export function conditionsAtRest(scenario: Scenario): Conditions {
  return {
    wholeSeconds: false,
    snapshotOrder: scenario.snapshotOrder,
    ackOrder: scenario.ackOrder,
    ackDelayMs: 0,
    lingering: null,
    badSymbol: 'error',
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

/** The execution of the next market order, which it counts. */
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
