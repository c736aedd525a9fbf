// Proof that nothing happened in a gap, from the broker's bars alone. A missing bar proves nothing (MetaTrader has none for a
// minute without ticks, and an unsynced terminal has none for minutes with them): the bars must bracket the gap, none may overlap
// it, and a second answer at least a minute later must say the same. What is known of sessions stands beside the proof, for who reads it
// later: a market that is known to be shut proves nothing, and one that is known to be open contradicts nothing.

import type { Range } from '../time/ranges.ts';
import type { SessionWord } from '../sessions/session-calendar.ts';
import { MINUTE_MS } from '../time/units.ts';

/** A bar's place in UTC microseconds, `[fromUs, toUs)`. */
export type BarSpan = Range;

export interface EmptyProof {
  readonly proved: boolean;
  /** `proved`, or the first thing that is missing. */
  readonly why: 'proved' | 'too_soon' | 'answers_differ' | 'no_bar_before' | 'no_bar_after' | 'bar_inside';
  /** What sessions say of the gap; never a reason for the verdict. */
  readonly session: SessionWord;
}

/** How far apart the two answers must be. */
export const PROOF_APART_MS = MINUTE_MS;

const inOrder = (bars: readonly BarSpan[]): BarSpan[] =>
  bars.toSorted((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs);

/** Equal up to the last bar of the first answer; the second one may have become longer since, at its end only. */
const agreeUpTo = (first: readonly BarSpan[], second: readonly BarSpan[]): boolean => {
  const a = inOrder(first);
  const b = inOrder(second);
  return a.every((bar, i) => bar.fromUs === b[i]?.fromUs && bar.toUs === b[i]?.toUs);
};

/** Judges two answers to one question about bars of a window wider than the gap, asked `apartMs` apart. */
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
