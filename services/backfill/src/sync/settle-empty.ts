// Decides what an empty range means: nothing happened there, history begins later, or the terminal has not loaded it. In: a range that was answered
// with nothing, twice. Out: what is proved, or ComeAgain. The conclusion is rarely checked again, so it takes a terminal that is ready and answers
// minutes apart. That an account has no deal at all takes longer, because nearly every account has a deposit. Until then the job comes back about
// once a minute, so that a history that appears is read at once.
//
//   something older? ─yes─► nothing happened there ─► cover             (a long range: the same again, a while later)
//        └─no─► the same beginning, minutes apart, from a terminal that is ready ─► limit; cover if there is no row at all
import { isTerminalReady, type WireStatus } from '@fxtape/fxsocket';
import { DAY_US, EARLIEST_STORABLE_MS, type Range } from '@fxtape/market';
import { ComeAgain, isTooMuch, tooSlow } from '../fetch/history-errors.ts';
import type { HistorySource } from '../fetch/history-source.ts';
import { recordLimit, withdrawLimit } from '../fetch/limits.ts';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';
import type { StreamKeyOf } from '@fxtape/questdb';

/** Weekends and holidays are shorter than this. */
const LONG_US = 4 * DAY_US;
/** An empty history is doubted this much longer … */
const NONE_FACTOR = 3;
/** … and a long silence within history this much shorter. */
const SILENCE_FACTOR = 1 / 9;
const FORGET_FACTOR = 5;
/** Checks between the first and the last one. */
const CHECKS = 3;

export interface Settled {
  /** Nothing is missing there. */
  readonly proved: readonly Range[];
  readonly outcome: SyncOutcome['outcome'];
}

/** @throws ComeAgain, and the errors of the source. */
export async function settleEmpty<R extends object>(
  c: SyncContext,
  of: {
    readonly key: StreamKeyOf;
    readonly source: HistorySource<R>;
    readonly noneAtAll: (range: Range) => void;
  },
  range: Range,
  toUs: number,
): Promise<Settled> {
  const proved = { fromUs: range.fromUs, toUs };
  const beginning = await beginningOf(c, of.source, range, await c.account.nowUs(c.signal));
  await stillEmpty(c, of.source, range);
  if (beginning.kind === 'older_exists') {
    if (range.toUs - range.fromUs > LONG_US) hold(c, of.source, beginning, range);
    await withdrawLimit(c, of.key, range);
    return { proved: [proved], outcome: 'nothing_there' };
  }
  await requireReady(c, of.source);
  hold(c, of.source, beginning, range);
  if (beginning.firstUs === null) of.noneAtAll(range);
  await recordLimit(c, of.key, beginning.firstUs, range);
  return beginning.firstUs === null
    ? { proved: [proved], outcome: 'nothing_there' }
    : { proved: [], outcome: 'before_beginning' };
}

/** Throws ComeAgain until the same conclusion has held for long enough. */
function hold<R>(c: SyncContext, source: HistorySource<R>, beginning: Beginning, range: Range): void {
  const { agreements, clock, checksApartMs } = c.parts;
  // Where a history begins is one fact for all ranges before it: their checks confirm one another, never the opposite conclusion.
  const about = beginning.kind === 'begins' ? 'beginning' : `${range.fromUs}-${range.toUs}`;
  const wantedMs = checksApartMs * doubtOf(beginning);
  const heldMs = agreements.heldFor(`${source.streamKey}|${about}`, JSON.stringify(beginning), {
    nowMs: clock.monoMs(),
    // An old check says nothing about the terminal now, but a busy queue may delay one by minutes.
    forgetMs: checksApartMs * FORGET_FACTOR,
  });
  if (heldMs < wantedMs)
    throw new ComeAgain(
      Math.min(checksApartMs / CHECKS, wantedMs - heldMs),
      `${source.what} may not be loaded yet`,
    );
}

const doubtOf = (beginning: Beginning): number => {
  if (beginning.kind === 'older_exists') return SILENCE_FACTOR;
  return beginning.firstUs === null ? NONE_FACTOR : 1;
};

async function requireReady<R>(c: SyncContext, source: HistorySource<R>): Promise<void> {
  const status = await c
    .ask({ route: '/status', purpose: 'facts' }, (signal) =>
      c.account.rest.status({ signal, retry: 'transport' }),
    )
    .catch((error: unknown): WireStatus | null => {
      // A bridge without the route: only the repeated checks decide.
      if ((error as { code?: unknown }).code === 'FXSOCKET_NOT_FOUND') return null;
      throw error;
    });
  if (status === null || isTerminalReady(status)) return;
  c.parts.agreements.forget(`${source.streamKey}|beginning`);
  throw new ComeAgain(c.parts.checksApartMs / CHECKS, `the terminal is not ready to serve ${source.what}`);
}

/** If the terminal loaded its history during the check, the range must be read again. */
async function stillEmpty<R>(c: SyncContext, source: HistorySource<R>, range: Range): Promise<void> {
  const spanUs = c.parts.memory.spanUs(source.memoryKey, source.limits);
  const newest = { fromUs: Math.max(range.fromUs, range.toUs - spanUs), toUs: range.toUs };
  const answer = await source.read(newest, 'agreement');
  if (answer.size > 0) throw new ComeAgain(0, `${source.what} were being loaded`);
}

type Beginning =
  | { readonly kind: 'older_exists' }
  /** Nothing is older; `firstUs` is the first row after the range, or null if there is none at all. */
  | { readonly kind: 'begins'; readonly firstUs: number | null };

async function beginningOf<R>(
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
