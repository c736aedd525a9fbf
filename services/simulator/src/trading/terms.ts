// The trading conditions of the simulated broker: volumes, commission, swap, margin call, limit of orders. Orders are checked and charged by them, and
// `/SymbolInfo` and `/AccountInfo` show them.

import type { SymbolClass } from '../prices/symbols.ts';

export const VOLUME = { min: 0.01, max: 500, step: 0.01 } as const;
/** In US dollars, on each leg. */
export const COMMISSION_PER_LOT = 3.5;
/** In points for each night. */
export const SWAP_POINTS = { Buy: -2.5, Sell: -2.3 } as const;
/** Percent of equity to margin. */
export const MARGIN_CALL_LEVEL = 100;
export const STOP_OUT_LEVEL = 50;
export const MOST_PENDING_ORDERS = 200;

const WEDNESDAY = 3;

/** Nights charged at the end of a broker day: Wednesday pays for the weekend; symbols that trade every day pay each night. */
export function nightsAfter(kind: SymbolClass, dayOfWeek: number): number {
  if (kind === 'crypto') return 1;
  if (dayOfWeek === 0 || dayOfWeek === 6) return 0;
  return dayOfWeek === WEDNESDAY ? 3 : 1;
}

/** The commission rule in `/SymbolInfo`. */
export const commissionRule = {
  currency: 'USD',
  rangeMode: 'SYMBOL_COMMISSION_RANGE_VOLUME',
  chargeMode: 'SYMBOL_COMMISSION_CHARGE_INSTANT',
  entryMode: 'SYMBOL_COMMISSION_ENTRY_INOUT',
  directionMode: 'SYMBOL_COMMISSION_DIRECTION_BOTH',
  profitMode: 'SYMBOL_COMMISSION_PROFIT_ALL',
  tiers: [
    {
      mode: 'SYMBOL_COMMISSION_MONEY_DEPOSIT',
      volumeType: 'SYMBOL_COMMISSION_VOLUME_TYPE_VOLUME',
      value: COMMISSION_PER_LOT,
      minValue: 0,
      maxValue: 0,
      rangeFrom: 0,
      rangeTo: 1_000_000,
      currency: 'USD',
    },
  ],
} as const;
