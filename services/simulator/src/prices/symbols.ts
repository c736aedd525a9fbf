// The symbols of the simulated broker: 28 FX pairs, two metals, three crypto symbols. Out: their static data for `/SymbolInfo` and for the price process
// (reference price, usual spread, volatility).

import { FxtapeError } from '@fxtape/ops';

export type SymbolClass = 'fx' | 'metal' | 'crypto';

export interface SymbolSpec {
  readonly name: string;
  readonly description: string;
  readonly kind: SymbolClass;
  readonly digits: number;
  /** Price at the start of the simulation. */
  readonly anchor: number;
  /** Usual spread in points at the quietest good hour. */
  readonly spreadPoints: number;
  /** Standard deviation of a day's relative move. */
  readonly dailyMove: number;
  readonly contractSize: number;
  readonly currencyBase: string;
  readonly currencyProfit: string;
  /** Relative share of the ticks while everything is open. */
  readonly weight: number;
}

/** One row per pair: name, reference price, usual spread in points, weight. */
const FX: readonly (readonly [string, number, number, number])[] = [
  ['EURUSD', 1.0852, 2, 12],
  ['GBPUSD', 1.2704, 4, 9],
  ['USDJPY', 150.24, 4, 11],
  ['USDCHF', 0.8831, 5, 5],
  ['USDCAD', 1.3562, 5, 6],
  ['AUDUSD', 0.6538, 4, 6],
  ['NZDUSD', 0.6091, 6, 4],
  ['EURGBP', 0.8543, 5, 4],
  ['EURJPY', 163.05, 7, 7],
  ['EURCHF', 0.9583, 7, 3],
  ['EURCAD', 1.4719, 9, 3],
  ['EURAUD', 1.6597, 9, 4],
  ['EURNZD', 1.7818, 13, 3],
  ['GBPJPY', 190.87, 10, 7],
  ['GBPCHF', 1.1219, 11, 3],
  ['GBPCAD', 1.7229, 12, 3],
  ['GBPAUD', 1.9431, 13, 3],
  ['GBPNZD', 2.0857, 18, 3],
  ['AUDJPY', 98.23, 8, 4],
  ['AUDCHF', 0.5774, 9, 2],
  ['AUDCAD', 0.8867, 9, 2],
  ['AUDNZD', 1.0734, 10, 2],
  ['NZDJPY', 91.51, 10, 2],
  ['NZDCHF', 0.5379, 11, 2],
  ['NZDCAD', 0.826, 12, 2],
  ['CADJPY', 110.78, 9, 3],
  ['CADCHF', 0.6512, 10, 2],
  ['CHFJPY', 170.13, 11, 2],
];

const fx = ([name, anchor, spreadPoints, weight]: (typeof FX)[number]): SymbolSpec => {
  const currencyBase = name.slice(0, 3);
  const currencyProfit = name.slice(3);
  return {
    name,
    description: `${currencyBase} vs ${currencyProfit}`,
    kind: 'fx',
    digits: currencyProfit === 'JPY' ? 3 : 5,
    anchor,
    spreadPoints,
    dailyMove: 0.005,
    contractSize: 100_000,
    currencyBase,
    currencyProfit,
    weight,
  };
};

const other = (
  kind: SymbolClass,
  name: string,
  description: string,
  digits: number,
  rest: readonly [anchor: number, spreadPoints: number, dailyMove: number, contract: number, weight: number],
): SymbolSpec => ({
  name,
  description,
  kind,
  digits,
  anchor: rest[0],
  spreadPoints: rest[1],
  dailyMove: rest[2],
  contractSize: rest[3],
  currencyBase: name.slice(0, 3),
  currencyProfit: 'USD',
  weight: rest[4],
});

/** All symbols that the simulated broker can list. */
export const ALL_SYMBOLS: readonly SymbolSpec[] = [
  ...FX.map(fx),
  other('metal', 'XAUUSD', 'Gold vs US Dollar', 2, [2034.55, 14, 0.009, 100, 14]),
  other('metal', 'XAGUSD', 'Silver vs US Dollar', 3, [22.914, 18, 0.016, 5000, 5]),
  other('crypto', 'BTCUSD', 'Bitcoin vs US Dollar', 2, [62_480.5, 1200, 0.03, 1, 10]),
  other('crypto', 'ETHUSD', 'Ethereum vs US Dollar', 2, [3412.75, 160, 0.035, 1, 7]),
  other('crypto', 'SOLUSD', 'Solana vs US Dollar', 3, [131.482, 55, 0.045, 10, 4]),
];

/** The named symbols, in that order. Throws SCENARIO_INVALID for a name that the broker does not list. */
export function findSymbols(names: readonly string[]): SymbolSpec[] {
  return names.map((name) => {
    const spec = ALL_SYMBOLS.find((symbol) => symbol.name === name);
    if (spec !== undefined) return spec;
    throw new FxtapeError({
      code: 'SCENARIO_INVALID',
      message: `the simulated broker does not list the symbol ${name}`,
      hint: `Choose among ${ALL_SYMBOLS.map((symbol) => symbol.name).join(', ')}`,
    });
  });
}
