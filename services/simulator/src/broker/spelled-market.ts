// The market as one broker spells it: `EURUSD` is `EURUSD.m` there. In: the market and what stands behind each name. Out: the same ticks and
// bars under those names. What an account sees of the market, it sees through this.

import type { Market } from './market.ts';

export type MarketView = Pick<Market, 'symbols' | 'tape' | 'bars' | 'isOpen' | 'indexOf'>;

export function spelled(market: Market, suffix: string): MarketView {
  if (suffix === '') return market;
  const { tape, bars, isOpen } = market;
  const symbols = market.symbols.map((spec) => ({ ...spec, name: `${spec.name}${suffix}` }));
  const numbers = new Map(symbols.map(({ name }, i) => [name, i]));
  return { symbols, tape, bars, isOpen, indexOf: (name) => numbers.get(name) ?? -1 };
}
