// An account's figures, positions, deals and trades as the gateway sends them. Words such as `type`, `kind` and `entry` stay strings, because a
// gateway may use new ones; identifiers are exact integers; volumes are in lots, money in the account's currency, times in broker time.
// Only identity and time are required: a balance deal has no symbol, volume or price.

import { z } from 'zod';
import { type AtTime, brokerTime, type OpenedAndClosedAt, type OpenedAt } from './broker-time.ts';
import { wireIdentifier } from './identifier.ts';
import { essential, type Readable } from './record.ts';

const price = essential(z.number().nullish());

/** `/AccountSummary` and `data` of an `account` frame. */
export const wireAccountSummary = z.object({
  balance: z.number(),
  credit: z.number().nullish(),
  profit: z.number().nullish(),
  equity: z.number(),
  margin: z.number().nullish(),
  freeMargin: z.number().nullish(),
  marginLevel: z.number().nullish(),
  leverage: z.number().nullish(),
  currency: z.string().nullish(),
  type: z.string().nullish(),
});
export type WireAccountSummary = Readable<z.infer<typeof wireAccountSummary>>;

/** The answer of `/AccountInfo`. */
export const wireAccountInfo = z.object({
  name: z.string().nullish(),
  login: wireIdentifier,
  server: z.string(),
  company: z.string().nullish(),
  currency: z.string(),
  currencyDigits: z.int().nullish(),
  leverage: z.number().nullish(),
  type: z.string().nullish(),
  marginMode: z.string().nullish(),
  marginSoMode: z.string().nullish(),
  marginCallLevel: z.number().nullish(),
  stopOutLevel: z.number().nullish(),
  tradeAllowed: z.boolean().nullish(),
  tradeExpert: z.boolean().nullish(),
  limitOrders: z.number().nullish(),
  fifoClose: z.boolean().nullish(),
});
export type WireAccountInfo = z.infer<typeof wireAccountInfo>;

/** A row of `/OpenedOrders` and of a `positions` frame: a position or a pending order (see `kind`). */
export const wireOpenedOrder = z.object({
  ticket: wireIdentifier,
  symbol: z.string().nullish(),
  type: z.string().nullish(),
  kind: z.string().nullish(),
  lots: z.number().nullish(),
  openPrice: price,
  currentPrice: z.number().nullish(),
  stopLoss: z.number().nullish(),
  takeProfit: z.number().nullish(),
  swap: z.number().nullish(),
  profit: z.number().nullish(),
  magic: wireIdentifier.nullish(),
  comment: z.string().nullish(),
  openTime: brokerTime.nullish(),
});
export type WireOpenedOrder = Readable<z.infer<typeof wireOpenedOrder>> & OpenedAt;

/** `data` of a `trade` frame. When `degraded`, `entry` is `Unknown` and costs are zero: read the deal from `/OrderHistory`. */
export const wireTrade = z.object({
  deal: wireIdentifier,
  order: wireIdentifier.nullish(),
  position: wireIdentifier.nullish(),
  symbol: z.string().nullish(),
  type: z.string().nullish(),
  entry: z.string().nullish(),
  volume: z.number().nullish(),
  price,
  profit: z.number().nullish(),
  commission: z.number().nullish(),
  swap: z.number().nullish(),
  magic: wireIdentifier.nullish(),
  comment: z.string().nullish(),
  time: brokerTime,
  degraded: z.boolean().nullish(),
});
export type WireTrade = Readable<z.infer<typeof wireTrade>> & AtTime;

/** A row of `/OrderHistory`; `position` is 0 or absent on old bridges. */
export const wireDeal = z.object({
  ticket: wireIdentifier,
  order: wireIdentifier.nullish(),
  position: wireIdentifier.nullish(),
  symbol: z.string().nullish(),
  type: z.string().nullish(),
  entry: z.string().nullish(),
  volume: z.number().nullish(),
  price,
  commission: z.number().nullish(),
  swap: z.number().nullish(),
  profit: z.number().nullish(),
  magic: wireIdentifier.nullish(),
  comment: z.string().nullish(),
  time: brokerTime,
});
export type WireDeal = Readable<z.infer<typeof wireDeal>> & AtTime;

/** A row of `/PositionHistory`: a closed round trip. */
export const wireClosedPosition = z.object({
  positionId: wireIdentifier,
  symbol: z.string().nullish(),
  type: z.string().nullish(),
  volume: z.number().nullish(),
  openTime: brokerTime,
  openPrice: price,
  closeTime: brokerTime,
  closePrice: price,
  profit: z.number().nullish(),
  swap: z.number().nullish(),
  commission: z.number().nullish(),
  netProfit: z.number().nullish(),
  magic: wireIdentifier.nullish(),
  comment: z.string().nullish(),
});
export type WireClosedPosition = Readable<z.infer<typeof wireClosedPosition>> & OpenedAndClosedAt;

/** The answer of `/OrderCalcMargin`: the margin that the position needs, in the account's currency. */
export const wireMarginAnswer = z.object({
  symbol: z.string(),
  operation: z.string(),
  volume: z.number(),
  price: z.number(),
  margin: z.number(),
  currency: z.string().nullish(),
});
export type WireMarginAnswer = z.infer<typeof wireMarginAnswer>;

/** The answer of `/OrderCalcProfit`: the profit of the round trip, in the account's currency. */
export const wireProfitAnswer = z.object({
  symbol: z.string(),
  operation: z.string(),
  volume: z.number(),
  priceOpen: z.number(),
  priceClose: z.number(),
  profit: z.number(),
  currency: z.string().nullish(),
});
export type WireProfitAnswer = z.infer<typeof wireProfitAnswer>;
