// The stretches of live recording beside a gap in which history has to match the live rows. In: live coverage, other gaps, and the stored ticks. Out: for
// each side, the nearest stretch that is wide or full enough.
//
//   ══ covered ══╡ other gap ╞══ covered ══╡  the gap  ╞══ covered ═══► grows while recording goes on
//                                 [ before )            [ after )
import { DAY_US, intersect, MINUTE_US, type Range, subtract } from '@fxtape/market';

export type SideSearch =
  | {
      readonly window: Range;
      readonly ticks: number /** Nothing better is to be had. */;
      readonly best: boolean;
    }
  | { readonly window: null };

export interface SideSource {
  readonly gap: Range;
  /** Where the stream was covered live. */
  readonly covered: readonly Range[];
  /** Every gap of the stream, whatever its state, the gap itself included. */
  readonly gaps: readonly Range[];
  /** Times of the stored ticks of a range nearest to the gap, at most `limit`, in any order. */
  readonly nearest: (range: Range, limit: number, side: 'before' | 'after') => Promise<readonly number[]>;
}

/** A side with this many ticks is full enough. */
export const FULL_TICKS = 50;
/** A side this wide is wide enough if it has at least this many ticks to compare. */
export const WIDE_US = MINUTE_US;
export const WIDE_TICKS = 10;
/** How far from the gap a side may lie: over a long weekend. */
export const REACH_US = 4 * DAY_US;

export async function sideWindow(side: 'before' | 'after', source: SideSource): Promise<SideSearch> {
  const { gap } = source;
  const reach =
    side === 'before'
      ? { fromUs: gap.fromUs - REACH_US, toUs: gap.fromUs }
      : { fromUs: gap.toUs, toUs: gap.toUs + REACH_US };
  const free = subtract(intersect(source.covered, [reach]), source.gaps);
  let poor: { window: Range; ticks: number } | null = null;
  for (const piece of side === 'before' ? free.toReversed() : free) {
    const times = await source.nearest(piece, FULL_TICKS, side);
    const window = windowOf(side, piece, times);
    const wide = window.toUs - window.fromUs >= WIDE_US;
    if (times.length >= FULL_TICKS || (wide && times.length >= WIDE_TICKS))
      return { window, ticks: times.length, best: false };
    if (wide && times.length > (poor?.ticks ?? 0)) poor = { window, ticks: times.length };
  }
  return poor === null ? { window: null } : { ...poor, best: true };
}

/** As much of the piece as contains the ticks, and at least a minute if it has one; cut between two times, never inside one. */
function windowOf(side: 'before' | 'after', piece: Range, times: readonly number[]): Range {
  if (times.length < FULL_TICKS) return piece;
  if (side === 'before') {
    const fromUs = Math.min(
      piece.toUs - WIDE_US,
      times.reduce((a, b) => Math.min(a, b)),
    );
    return { fromUs: Math.max(piece.fromUs, fromUs), toUs: piece.toUs };
  }
  const toUs = Math.max(piece.fromUs + WIDE_US, times.reduce((a, b) => Math.max(a, b)) + 1);
  return { fromUs: piece.fromUs, toUs: Math.min(piece.toUs, toUs) };
}
