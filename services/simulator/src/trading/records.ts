// What an account has and had: open positions, pending orders, deals, closed round trips. Prices of positions and deals are prices, levels
// at which something happens are integers of the symbol's point, 0 for none.

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

/** What an order asks for, whatever becomes of it. */
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

/** What of a position has been closed already, and what all of it cost. */
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
  /** Of what is open; an average where it was added to. */
  openPrice: number;
  openUtcMs: number;
  magic: bigint;
  comment: string;
  stopLoss: number;
  takeProfit: number;
  /** Charged at the ends of days, paid when it is closed. */
  swap: number;
  /** Commission that is paid when it is closed, as on MT4. */
  owed: number;
  margin: number;
  trip: RoundTripSoFar;
}

export interface Deal {
  readonly deal: bigint;
  readonly order: bigint;
  readonly position: bigint;
  /** Number of the symbol, −1 for a deal that has none. */
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
  /** Of all its legs. */
  readonly commission: number;
  readonly magic: bigint;
  readonly comment: string;
}
