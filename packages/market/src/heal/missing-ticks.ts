// The ticks of history that the table lacks inside a gap, as multisets. Ticks already stored are never added again, so it may be repeated.

import type { Range } from '../time/ranges.ts';
import { type ComparableTick, surplus, tickKey, ticksIn } from './tick-key.ts';

/**
 * The ticks of `history` inside the gap that are not in `stored`, in their order. `stored` has to hold every row of the gap's
 * range, whatever its source. Both are of one feed and symbol.
 */
export const missingTicks = <T extends ComparableTick>(o: {
  readonly stored: readonly ComparableTick[];
  readonly history: readonly T[];
  readonly gap: Range;
}): T[] => surplus(ticksIn(o.history, o.gap), ticksIn(o.stored, o.gap).map(tickKey), tickKey);
