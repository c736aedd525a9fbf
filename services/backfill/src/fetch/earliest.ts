// What an empty range means: nothing happened there, or history begins later. In: a source that answered a range with nothing, twice. Out:
// whether anything older exists (for bars, asked in windows that double, back to 1971), and if not, where history begins.
import { EARLIEST_STORABLE_MS, type Range } from '@fxtape/market';
import { isTooMuch, tooSlow } from './history-errors.ts';
import type { HistorySource } from './history-source.ts';
import type { SyncContext } from '../context/sync-context.ts';

export type Beginning =
  | { readonly kind: 'older_exists' }
  /** Nothing is older; `firstUs` is the first row after the range, or null if there is none at all. */
  | { readonly kind: 'begins'; readonly firstUs: number | null };

export async function beginningOf<R>(
  c: SyncContext,
  source: HistorySource<R>,
  empty: Range,
  nowUs: number,
): Promise<Beginning> {
  // Deals are few: one answer covers all of time. For bars a terminal would have to load everything.
  const leastUs = source.limits.rowUs === null ? nowUs : source.limits.minUs * 16;
  let widthUs = Math.max(empty.toUs - empty.fromUs, leastUs);
  for (let toUs = empty.fromUs; toUs > EARLIEST_US; widthUs *= 2) {
    const fromUs = Math.max(EARLIEST_US, toUs - widthUs);
    if ((await firstRowUs(c, source, { fromUs, toUs }, 'newer first')) !== null)
      return { kind: 'older_exists' };
    toUs = fromUs;
  }
  widthUs = Math.max(empty.toUs - empty.fromUs, leastUs);
  for (let fromUs = empty.toUs; fromUs < nowUs; widthUs *= 2) {
    const toUs = Math.min(nowUs, fromUs + widthUs);
    const firstUs = await firstRowUs(c, source, { fromUs, toUs }, 'older first');
    if (firstUs !== null) return { kind: 'begins', firstUs };
    fromUs = toUs;
  }
  return { kind: 'begins', firstUs: null };
}

const EARLIEST_US = EARLIEST_STORABLE_MS * 1000;

/** Time of the first row of an answer that has any; a range that is too large is halved until one part has a row. */
async function firstRowUs<R>(
  c: SyncContext,
  source: HistorySource<R>,
  range: Range,
  order: 'newer first' | 'older first',
): Promise<number | null> {
  try {
    const answer = await source.read(range, 'beginning');
    const [first] = answer.rows;
    return first === undefined ? answer.openFromUs : source.atUs(first);
  } catch (error) {
    if (!isTooMuch(error) || c.signal.aborted) throw error;
    const spanUs = range.toUs - range.fromUs;
    if (spanUs <= source.limits.minUs) throw tooSlow(source.what, range, error);
    const middleUs = range.fromUs + Math.floor(spanUs / 2);
    const halves = [
      { fromUs: range.fromUs, toUs: middleUs },
      { fromUs: middleUs, toUs: range.toUs },
    ];
    for (const half of order === 'newer first' ? halves.toReversed() : halves) {
      const found = await firstRowUs(c, source, half, order);
      if (found !== null) return found;
    }
    return null;
  }
}
