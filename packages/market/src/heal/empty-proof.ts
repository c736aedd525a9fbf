// Proof from the broker's bars alone that no tick is missing in a gap. In: two answers about bars around the gap. Out: the verdict, and what is
// known of trading sessions. A missing bar alone proves nothing: MetaTrader has none for a minute without ticks, and an unsynced terminal
// lacks bars. So bars must exist on both sides of the gap, none may overlap it, and a second answer at least a minute later must be equal.
// Sessions are recorded beside the proof for whoever reads it later; they never decide.

import type { Range } from '../time/ranges.ts';
import type { SessionWord } from '../sessions/session-calendar.ts';
import { MINUTE_MS } from '../time/units.ts';

/** A bar's place in UTC microseconds, `[fromUs, toUs)`. */
export type BarSpan = Range;

export interface EmptyProof {
  readonly proved: boolean;
  /** `proved`, or the first condition that fails. */
  readonly why: 'proved' | 'too_soon' | 'answers_differ' | 'no_bar_before' | 'no_bar_after' | 'bar_inside';
  /** What is known of trading sessions in the gap; never a reason for the verdict. */
  readonly session: SessionWord;
}

/** How far apart the two answers must be. */
export const PROOF_APART_MS = MINUTE_MS;

const inOrder = (bars: readonly BarSpan[]): BarSpan[] =>
  bars.toSorted((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs);

/** Equal up to the last bar of the first answer; the second may have more bars at its end. */
const agreeUpTo = (first: readonly BarSpan[], second: readonly BarSpan[]): boolean => {
  const a = inOrder(first);
  const b = inOrder(second);
  return a.every((bar, i) => bar.fromUs === b[i]?.fromUs && bar.toUs === b[i]?.toUs);
};

/** Judges two equal requests for bars of a window wider than the gap, `apartMs` apart. */
export const emptyProof = (o: {
  readonly gap: Range;
  readonly first: readonly BarSpan[];
  readonly second: readonly BarSpan[];
  readonly apartMs: number;
  readonly session: SessionWord;
}): EmptyProof => {
  const { session } = o;
  const no = (why: EmptyProof['why']): EmptyProof => ({ proved: false, why, session });
  const both = [o.first, o.second];
  if (both.some((bars) => bars.some((bar) => bar.fromUs < o.gap.toUs && bar.toUs > o.gap.fromUs)))
    return no('bar_inside');
  if (!both.every((bars) => bars.some((bar) => bar.toUs <= o.gap.fromUs))) return no('no_bar_before');
  if (!both.every((bars) => bars.some((bar) => bar.fromUs >= o.gap.toUs))) return no('no_bar_after');
  if (!agreeUpTo(o.first, o.second)) return no('answers_differ');
  return o.apartMs >= PROOF_APART_MS ? { proved: true, why: 'proved', session } : no('too_soon');
};
