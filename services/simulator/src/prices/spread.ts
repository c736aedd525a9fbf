// Spread and activity by the hour in New York. Out: factors for a symbol's usual spread and its share of ticks: wide and quiet around the 17:00
// roll-over, busy while London and New York overlap.

import type { SymbolSpec } from './symbols.ts';

/** Factor on the usual spread at an hour [0, 24) in New York. */
export function spreadFactor(kind: SymbolSpec['kind'], hour: number): number {
  if (kind === 'crypto') return 1 + 0.2 * Math.sin((hour / 24) * 2 * Math.PI);
  if (hour >= 16.75 && hour < 18) return 4.5;
  if (hour >= 18 && hour < 20) return 2;
  if (hour >= 20 || hour < 2) return 1.4;
  return 1;
}

const ASIAN = new Set(['JPY', 'AUD', 'NZD']);

/** Factor on the symbol's share of ticks at an hour [0, 24) in New York. */
export function activityFactor(spec: SymbolSpec, hour: number): number {
  if (spec.kind === 'crypto') return 1;
  const asian = ASIAN.has(spec.currencyBase) || ASIAN.has(spec.currencyProfit);
  if (hour >= 8 && hour < 12) return 2;
  if (hour >= 3 && hour < 8) return 1.5;
  if (hour >= 12 && hour < 17) return 1;
  if (hour >= 17 && hour < 19) return 0.3;
  return asian ? 1 : 0.5;
}
