// Market data as the gateway sends it: ticks, bars, quotes, symbols. The fields come from the vendor's samples; unknown fields are dropped,
// optional ones may be absent or null. Prices are decimal numbers, times are in broker time.

import { z } from 'zod';
import { type AtTime, brokerTime, type PerhapsAtTime } from './broker-time.ts';
import type { Readable } from './record.ts';

/** `data` of a `tick` frame. */
export const wireTick = z.object({
  symbol: z.string().nullish(),
  bid: z.number(),
  ask: z.number(),
  last: z.number().nullish(),
  volume: z.number().nullish(),
  time: brokerTime,
});
export type WireTick = Readable<z.infer<typeof wireTick>> & AtTime;

/** `data` of a `bar` frame; `time` is the bar's open, `spread` is in points. The vendor's own sample has no time, volumes or spread. */
export const wireBar = z.object({
  time: brokerTime.nullish(),
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  tickVolume: z.number().nullish(),
  realVolume: z.number().nullish(),
  spread: z.number().nullish(),
});
export type WireBar = Readable<z.infer<typeof wireBar>> & PerhapsAtTime;

/** A row of `/PriceHistory`; `time` is the bar's open, `spread` is in points. */
export const wirePriceBar = z.object({
  time: brokerTime,
  open: z.number(),
  high: z.number(),
  low: z.number(),
  close: z.number(),
  tickVolume: z.number().nullish(),
  realVolume: z.number().nullish(),
  spread: z.number().nullish(),
});
export type WirePriceBar = Readable<z.infer<typeof wirePriceBar>> & AtTime;

/** A row of `/QuoteTicks`. `timeMsc` is broker-time epoch milliseconds; one of `time` and `timeMsc` may be missing. */
export const wireQuoteTick = z.object({
  time: brokerTime.nullish(),
  timeMsc: z.number().nullish(),
  bid: z.number(),
  ask: z.number(),
  last: z.number().nullish(),
  volume: z.number().nullish(),
});
export type WireQuoteTick = Readable<z.infer<typeof wireQuoteTick>> & PerhapsAtTime;

/** The answer of `/getQuote`. */
export const wireQuote = z.object({
  symbol: z.string(),
  bid: z.number(),
  ask: z.number(),
  time: brokerTime,
  last: z.number().nullish(),
  volume: z.number().nullish(),
});
export type WireQuote = z.infer<typeof wireQuote> & AtTime;

/** A trading session in broker time: `day` is SUNDAY…SATURDAY, `from` and `to` are `HH:MM`, `24:00` is the end of the day. */
export const wireTradingSession = z.object({ day: z.string(), from: z.string(), to: z.string() });
export type WireTradingSession = z.infer<typeof wireTradingSession>;

const word = z.union([z.string(), z.number()]).nullish();
const figure = z.number().nullish();

/** A band of a commission rule. Unknown fields are kept. */
export const wireCommissionTier = z.looseObject({
  mode: word,
  volumeType: word,
  value: figure,
  minValue: figure,
  maxValue: figure,
  rangeFrom: figure,
  rangeTo: figure,
  currency: z.string().nullish(),
});

/** A commission rule of a symbol, in the words of MQL5 (`SYMBOL_COMMISSION_…`). Unknown fields are kept. */
export const wireCommissionRule = z.looseObject({
  currency: z.string().nullish(),
  rangeMode: word,
  chargeMode: word,
  entryMode: word,
  directionMode: word,
  profitMode: word,
  tiers: z.array(wireCommissionTier).nullish(),
});
export type WireCommissionRule = z.infer<typeof wireCommissionRule>;

/** The answer of `/SymbolInfo`; `commissions` and `sessions` are missing on bridges older than 0.10. */
export const wireSymbolInfo = z.object({
  symbol: z.string(),
  description: z.string().nullish(),
  digits: z.int(),
  point: z.number(),
  tickSize: z.number().nullish(),
  tickValue: z.number().nullish(),
  contractSize: z.number().nullish(),
  volumeMin: z.number().nullish(),
  volumeMax: z.number().nullish(),
  volumeStep: z.number().nullish(),
  stopsLevel: z.number().nullish(),
  freezeLevel: z.number().nullish(),
  spread: z.number().nullish(),
  tradeMode: z.string().nullish(),
  swapLong: z.number().nullish(),
  swapShort: z.number().nullish(),
  bid: z.number().nullish(),
  ask: z.number().nullish(),
  currencyBase: z.string().nullish(),
  currencyProfit: z.string().nullish(),
  currencyMargin: z.string().nullish(),
  commissions: z.array(wireCommissionRule).nullish(),
  sessions: z.array(wireTradingSession).nullish(),
});
export type WireSymbolInfo = Readable<z.infer<typeof wireSymbolInfo>>;

/** The answer of `/symbols`, in the broker's own spelling. */
export const wireSymbols = z.array(z.string().min(1));

/** The nine timeframes that MT4 and MT5 share; the gateway answers 400 for any other. */
export const timeframes = ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1', 'W1', 'MN1'] as const;
export type WireTimeframe = (typeof timeframes)[number];

// Quick checks for rows that come by the ten thousand: true means that the schema accepts the row, false that the schema has to decide.
// rest/answer.test.ts compares them with the schemas.
type Row = Record<string, unknown>;

const isNumber = (value: unknown): boolean => Number.isFinite(value);
const isNumberOrNothing = (value: unknown): boolean =>
  value === undefined || value === null || isNumber(value);

/** As `wirePriceBar`. */
export const isPlainBar = (row: Row): boolean =>
  typeof row['time'] === 'string' &&
  isNumber(row['open']) &&
  isNumber(row['high']) &&
  isNumber(row['low']) &&
  isNumber(row['close']) &&
  isNumberOrNothing(row['tickVolume']) &&
  isNumberOrNothing(row['realVolume']) &&
  isNumberOrNothing(row['spread']);

/** As `wireQuoteTick`. */
export const isPlainTick = (row: Row): boolean =>
  (typeof row['time'] === 'string' || row['time'] === undefined || row['time'] === null) &&
  isNumberOrNothing(row['timeMsc']) &&
  isNumber(row['bid']) &&
  isNumber(row['ask']) &&
  isNumberOrNothing(row['last']) &&
  isNumberOrNothing(row['volume']);
