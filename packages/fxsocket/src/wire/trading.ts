// Bodies and answers of the trading routes, as schemas only: nothing here calls a route. Volumes are in lots, `slippage` is in points,
// `expertId` is the magic number. Words in answers stay strings, because a gateway may use new ones.

import { z } from 'zod';
import { wireIdentifier } from './identifier.ts';

/** The eight operations of MT4 and MT5, as the gateway spells them. It ignores case and separators. */
export const operations = [
  'Buy',
  'Sell',
  'BuyLimit',
  'SellLimit',
  'BuyStop',
  'SellStop',
  'BuyStopLimit',
  'SellStopLimit',
] as const;
export type WireOperation = (typeof operations)[number];

const lots = z.number().positive();
const level = z.number().nonnegative();
const points = z.int().nonnegative();

/** The body of `/OrderSend`. A pending order needs `price`; a stop-limit order also needs `stopLimitPrice`. */
export const wireOrderSend = z.object({
  symbol: z.string().min(1),
  operation: z.enum(operations),
  volume: lots,
  /** Ignored for `Buy` and `Sell`. */
  price: level.optional(),
  /** Where the limit order is placed once `price` is reached. */
  stopLimitPrice: level.optional(),
  /** 0 or absent: none. */
  stopLoss: level.optional(),
  takeProfit: level.optional(),
  /** The gateway's default is 10. */
  slippage: points.optional(),
  /** A date in broker time; absent: until it is cancelled. */
  expiration: z.string().min(1).optional(),
  comment: z.string().optional(),
  expertId: wireIdentifier.optional(),
});
export type WireOrderSend = z.infer<typeof wireOrderSend>;

/** The body of `/OrderModify`. Absent: unchanged; 0: removed. Price, stop-limit price and expiration apply to pending orders. */
export const wireOrderModify = z.object({
  ticket: wireIdentifier,
  stopLoss: level.optional(),
  takeProfit: level.optional(),
  price: level.optional(),
  stopLimitPrice: level.optional(),
  expiration: z.string().min(1).optional(),
});
export type WireOrderModify = z.infer<typeof wireOrderModify>;

/** The body of `/OrderClose`: closes a position, all of it or `volume`, or deletes a pending order. */
export const wireOrderClose = z.object({
  ticket: wireIdentifier,
  /** Absent or 0: all of it. */
  volume: level.optional(),
  slippage: points.optional(),
});
export type WireOrderClose = z.infer<typeof wireOrderClose>;

/** The body of `/CloseAll`; `{}` means everything. `magic` 0 means orders placed by hand. */
export const wireCloseAll = z.object({
  symbol: z.string().min(1).optional(),
  magic: wireIdentifier.optional(),
  /** Absent: pending orders stay; the vendor's SDK relies on this. */
  deletePending: z.boolean().optional(),
});
export type WireCloseAll = z.infer<typeof wireCloseAll>;

/** The answer of `/OrderSend`, `/OrderModify` and `/OrderClose`. Old bridges lack `outcome`; `deal` is 0 on MT4 and for pending orders. */
export const wireOrderResult = z.object({
  success: z.boolean().nullish(),
  outcome: z.string().nullish(),
  retcode: z.int(),
  retcodeDescription: z.string().nullish(),
  deal: wireIdentifier.nullish(),
  order: wireIdentifier.nullish(),
  volume: z.number().nullish(),
  price: z.number().nullish(),
  bid: z.number().nullish(),
  ask: z.number().nullish(),
  comment: z.string().nullish(),
});
export type WireOrderResult = z.infer<typeof wireOrderResult>;

export const wireCloseAllRow = z.object({
  ticket: wireIdentifier,
  kind: z.string().nullish(),
  success: z.boolean(),
  retcode: z.int().nullish(),
  retcodeDescription: z.string().nullish(),
});
export type WireCloseAllRow = z.infer<typeof wireCloseAllRow>;

/** The answer of `/CloseAll`, with a row for each ticket that it tried to close. */
export const wireCloseAllResult = z.object({
  requested: z.int(),
  closed: z.int(),
  failed: z.int(),
  results: z.array(wireCloseAllRow),
});
export type WireCloseAllResult = z.infer<typeof wireCloseAllResult>;
