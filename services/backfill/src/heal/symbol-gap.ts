// A gap of one symbol: a part of a gap of all symbols.
import type { OpenGap } from './open-gap.ts';

export interface SymbolGap extends OpenGap {
  readonly feed: string;
  readonly symbol: string;
}

/** @throws RangeError for a gap of a stream that has no feed. */
export function ofSymbol(gap: OpenGap, feed: string | null, symbol: string): SymbolGap {
  const named = gap.feed ?? feed;
  if (named === null) throw new RangeError(`gap ${gap.id} has no feed`);
  return { ...gap, feed: named, symbol };
}
