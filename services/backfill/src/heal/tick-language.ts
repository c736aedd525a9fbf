// The stretch of live recording that the tick history before it has to match. There are no live rows on the left of that history, so this
// one stretch is used as two halves. In: a symbol's live coverage, gaps and ticks. Out: both halves, or null while too little is recorded.
import { type Range, subtract } from '@fxtape/market';
import type { HealContext } from './heal-context.ts';
import { FULL_TICKS, WIDE_TICKS, WIDE_US } from './side-window.ts';

export interface TickKey {
  readonly account: string;
  readonly feed: string;
  readonly symbol: string;
}

export interface Language {
  readonly before: Range;
  readonly after: Range;
}

/** `covered` and `gaps` of the stream, from the end of the history on. */
export async function languageStretch(
  h: HealContext,
  key: TickKey,
  covered: readonly Range[],
  gaps: readonly Range[],
): Promise<Language | null> {
  for (const piece of subtract(covered, gaps)) {
    const ticks = await h.parts.reader.ticks(key, piece, { limit: 2 * FULL_TICKS, signal: h.signal });
    const [middle, last] = [ticks[Math.floor(ticks.length / 2)], ticks.at(-1)];
    if (middle === undefined || last === undefined) continue;
    const full = ticks.length >= 2 * FULL_TICKS;
    const toUs = full ? last.ts + 1 : piece.toUs;
    const halves = full
      ? { before: { fromUs: piece.fromUs, toUs: middle.ts }, after: { fromUs: middle.ts, toUs } }
      : halved(piece);
    const wide = toUs - piece.fromUs >= 2 * WIDE_US && ticks.length >= 2 * WIDE_TICKS;
    if (full || wide) return halves;
  }
  return null;
}

function halved({ fromUs, toUs }: Range): Language {
  const middleUs = fromUs + Math.floor((toUs - fromUs) / 2);
  return { before: { fromUs, toUs: middleUs }, after: { fromUs: middleUs, toUs } };
}
