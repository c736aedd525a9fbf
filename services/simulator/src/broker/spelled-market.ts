// The market with one broker's symbol names, such as `EURUSD.m` for `EURUSD`. In: the market and a suffix. Out: the same ticks and bars under those
// names. An account sees the market only through this view.

import type { Market } from './market.ts';

export type MarketView = Pick<Market, 'symbols' | 'tape' | 'bars' | 'isOpen' | 'indexOf'>;

export function spelled(market: Market, suffix: string): MarketView {
  if (suffix === '') return market;
  const { tape, bars, isOpen } = market;
  const symbols = market.symbols.map((spec) => ({ ...spec, name: `${spec.name}${suffix}` }));
  const numbers = new Map(symbols.map(({ name }, i) => [name, i]));
  return { symbols, tape, bars, isOpen, indexOf: (name) => numbers.get(name) ?? -1 };
}
