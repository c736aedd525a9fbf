// The records of an account: open positions, pending orders, deals, closed round trips. Prices of positions and deals are decimal numbers; levels are in
// points, 0 for none.

import type { Side } from './money.ts';

export const PENDING_TYPES = [
  'BuyLimit',
  'SellLimit',
  'BuyStop',
  'SellStop',
  'BuyStopLimit',
  'SellStopLimit',
] as const;
export type PendingType = (typeof PENDING_TYPES)[number];

export const sideOf = (type: Side | PendingType): Side => (type.startsWith('Buy') ? 'Buy' : 'Sell');

/** The common fields of orders and positions. */
export interface OrderTerms {
  readonly symbol: number;
  readonly side: Side;
  readonly lots: number;
  readonly stopLoss: number;
  readonly takeProfit: number;
  readonly magic: bigint;
  readonly comment: string;
}

export interface PendingOrder extends OrderTerms {
  readonly ticket: bigint;
  type: PendingType;
  /** Where it becomes a deal, or a limit order. */
  price: number;
  /** Of a stop-limit order: where the limit order is placed. */
  stopLimit: number;
  stopLoss: number;
  takeProfit: number;
  /** Null: until it is cancelled. */
  expiresUtcMs: number | null;
  readonly placedUtcMs: number;
}

/** The closed part of a position and its costs. */
export interface RoundTripSoFar {
  entered: { lots: number; value: number };
  left: { lots: number; value: number };
  profit: number;
  swap: number;
  commission: number;
}

export interface Position {
  ticket: bigint;
  readonly symbol: number;
  side: Side;
  lots: number;
  /** Opening price; an average after additions. */
  openPrice: number;
  openUtcMs: number;
  magic: bigint;
  comment: string;
  stopLoss: number;
  takeProfit: number;
  /** Charged at the end of each day, paid at the closing. */
  swap: number;
  /** Commission that is paid at the closing, as on MT4. */
  owed: number;
  margin: number;
  trip: RoundTripSoFar;
}

export interface Deal {
  readonly deal: bigint;
  readonly order: bigint;
  readonly position: bigint;
  /** Number of the symbol; −1 for a deal without one. */
  readonly symbol: number;
  readonly type: Side | 'Balance';
  readonly entry: 'In' | 'Out' | 'InOut';
  readonly volume: number;
  readonly price: number;
  readonly profit: number;
  readonly swap: number;
  readonly commission: number;
  readonly magic: bigint;
  readonly comment: string;
  readonly utcMs: number;
}

/** A closed round trip. */
export interface ClosedPosition {
  readonly ticket: bigint;
  readonly symbol: number;
  readonly side: Side;
  readonly lots: number;
  readonly openPrice: number;
  readonly openUtcMs: number;
  readonly closePrice: number;
  readonly closeUtcMs: number;
  readonly profit: number;
  readonly swap: number;
  /** Total of all legs. */
  readonly commission: number;
  readonly magic: bigint;
  readonly comment: string;
}
