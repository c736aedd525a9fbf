// Calculates in US dollars, the currency of the account. In: symbols and their quotes. Out: profit, margin, commission and swap. A symbol without the
// dollar is converted by a pair with it; without such a pair the symbol cannot be traded.

import type { SymbolSpec } from '../prices/symbols.ts';
import { COMMISSION_PER_LOT } from './terms.ts';

export type Side = 'Buy' | 'Sell';

/** Rounded to the cent. */
export const cents = (amount: number): number => {
  const rounded = Math.round(amount * 100) / 100;
  return rounded === 0 ? 0 : rounded;
};
/** Lots without floating-point noise. */
export const inLots = (lots: number): number => Math.round(lots * 1e8) / 1e8;
/** Rounds an averaged price. */
export const inPrice = (price: number): number => Math.round(price * 1e8) / 1e8;

export const commissionOf = (lots: number): number => cents(-COMMISSION_PER_LOT * lots);

export const opposite = (side: Side): Side => (side === 'Buy' ? 'Sell' : 'Buy');

type Currencies = Pick<SymbolSpec, 'contractSize' | 'currencyBase' | 'currencyProfit'>;

/** Profit of a price move in US dollars. `usdPerProfit` is needed when neither side of the symbol is the dollar. */
export function profitUsd(
  spec: Currencies,
  trip: { side: Side; lots: number; open: number; close: number },
  usdPerProfit = Number.NaN,
): number {
  const { side, lots, open, close } = trip;
  const move = (side === 'Buy' ? close - open : open - close) * lots * spec.contractSize;
  if (spec.currencyProfit === 'USD') return cents(move);
  return cents(spec.currencyBase === 'USD' ? move / close : move * usdPerProfit);
}

/** Bid and ask of each symbol in points, NaN before its first quote. */
export interface Quotes {
  readonly bid: Float64Array;
  readonly ask: Float64Array;
}

export class Money {
  readonly #symbols: readonly SymbolSpec[];
  readonly #quotes: Quotes;
  readonly #leverage: number;
  /** By currency: the pair with the dollar, and whether the dollar is its base. */
  readonly #ways = new Map<string, { symbol: number; inverse: boolean }>();

  constructor(symbols: readonly SymbolSpec[], quotes: Quotes, leverage: number) {
    this.#symbols = symbols;
    this.#quotes = quotes;
    this.#leverage = leverage;
    for (const [symbol, { currencyBase, currencyProfit }] of symbols.entries()) {
      if (currencyProfit === 'USD') this.#ways.set(currencyBase, { symbol, inverse: false });
      else if (currencyBase === 'USD') this.#ways.set(currencyProfit, { symbol, inverse: true });
    }
  }

  /** False when the symbol's currencies cannot be converted to the dollar. */
  canTrade(symbol: number): boolean {
    const { currencyBase, currencyProfit } = this.#spec(symbol);
    return !Number.isNaN(this.#usd(currencyBase)) && !Number.isNaN(this.#usd(currencyProfit));
  }

  profit(symbol: number, trip: { side: Side; lots: number; open: number; close: number }): number {
    const spec = this.#spec(symbol);
    return profitUsd(spec, trip, this.#usd(spec.currencyProfit));
  }

  /** Margin of a position opened at `price`, not rounded. */
  margin(symbol: number, lots: number, price: number): number {
    const { contractSize, currencyBase, currencyProfit } = this.#spec(symbol);
    const usd = currencyProfit === 'USD' ? price : this.#usd(currencyBase);
    return (lots * contractSize * usd) / this.#leverage;
  }

  /** Swap of one night at current quotes. */
  swap(symbol: number, lots: number, points: number): number {
    const { contractSize, currencyProfit, digits } = this.#spec(symbol);
    return cents((points / 10 ** digits) * contractSize * lots * this.#usd(currencyProfit));
  }

  #usd(currency: string): number {
    if (currency === 'USD') return 1;
    const way = this.#ways.get(currency);
    if (way === undefined) return Number.NaN;
    const scale = 10 ** this.#spec(way.symbol).digits;
    const { bid, ask } = this.#quotes;
    return way.inverse ? scale / (ask[way.symbol] as number) : (bid[way.symbol] as number) / scale;
  }

  #spec(symbol: number): SymbolSpec {
    return this.#symbols[symbol] as SymbolSpec;
  }
}
