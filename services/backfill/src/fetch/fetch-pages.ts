// Reads a range of history in pages of a size that the terminal can answer. In: a source and a range. Out: complete pages, oldest first. Requests that
// time out are halved. Answers cut by a row limit are continued from the last row, that row included. An empty answer, or the first answer of a
// stream, must be given twice.
import { pauseOrThrow } from '@fxtape/ops';
import type { Range } from '@fxtape/market';
import { digestRows } from '../context/agreements.ts';
import { ComeAgain, contradicts, isTooMuch, noProgress, tooSlow } from './history-errors.ts';
import type { HistoryAnswer, HistorySource } from './history-source.ts';
import type { Purpose } from '../context/numbers.ts';
import type { SyncContext } from '../context/sync-context.ts';

/** A job that has to wait longer gives up its place in the queue. */
const LONGEST_PAUSE_MS = 1500;
/** Trades may reach the history minutes late. */
const NEW_US = 600_000_000;

/** Errors: HISTORY_TOO_SLOW, HISTORY_CONTRADICTS, HISTORY_CUT_WITHIN_MOMENT, ComeAgain, those of the source. */
export async function* fetchPages<R extends object>(
  c: SyncContext,
  source: HistorySource<R>,
  range: Range,
): AsyncGenerator<HistoryAnswer<R>> {
  let halvedUs = Number.POSITIVE_INFINITY;
  for (let fromUs = range.fromUs; fromUs < range.toUs; ) {
    const spanUs = Math.min(halvedUs, c.parts.memory.spanUs(source.memoryKey, source.limits));
    const toUs = Math.min(range.toUs, fromUs + spanUs);
    const page = await readPage(c, source, { fromUs, toUs }, 'read');
    if (page === 'too much') {
      // Only this request is halved; the range memory decides how much the next one asks for.
      halvedUs = Math.max(source.limits.minUs, Math.floor((toUs - fromUs) / 2));
      continue;
    }
    halvedUs = Number.POSITIVE_INFINITY;
    yield page;
    fromUs = toUs;
  }
}

/** Reads one range completely, in halves if necessary. */
async function readWhole<R extends object>(
  c: SyncContext,
  source: HistorySource<R>,
  range: Range,
  purpose: Purpose,
): Promise<HistoryAnswer<R>> {
  const page = await readPage(c, source, range, purpose);
  if (page !== 'too much') return page;
  const middleUs = range.fromUs + Math.floor((range.toUs - range.fromUs) / 2);
  const older = await readWhole(c, source, { fromUs: range.fromUs, toUs: middleUs }, purpose);
  const newer = await readWhole(c, source, { fromUs: middleUs, toUs: range.toUs }, purpose);
  return together(source, range, [older, newer]);
}

async function readPage<R extends object>(
  c: SyncContext,
  source: HistorySource<R>,
  range: Range,
  purpose: Purpose,
): Promise<HistoryAnswer<R> | 'too much'> {
  const { memory, numbers } = c.parts;
  const spanUs = range.toUs - range.fromUs;
  let answer: HistoryAnswer<R>;
  try {
    // An edge contains the row that it begins or ends with, so it cannot look empty.
    answer =
      purpose === 'edge' ? await source.read(range, purpose) : await believed(c, source, range, purpose);
  } catch (error) {
    if (!isTooMuch(error) || c.signal.aborted) throw error;
    memory.tooMuch(source.memoryKey, source.limits, spanUs);
    numbers.halved(c.account.account, source.route);
    if (spanUs <= source.limits.minUs) throw tooSlow(source.what, range, error);
    return 'too much';
  }
  memory.answered(source.memoryKey, source.limits, spanUs, answer.size);
  return withEdges(c, source, answer);
}

/** The answer, after two consecutive ones agree if one is not enough. */
async function believed<R extends object>(
  c: SyncContext,
  source: HistorySource<R>,
  range: Range,
  purpose: Purpose,
): Promise<HistoryAnswer<R>> {
  const { agreements, clock } = c.parts;
  let answer = await source.read(range, purpose);
  const doubtful = (): boolean => {
    if (agreements.isFirstUse(source.streamKey) || answer.anchored === false) return true;
    // A terminal that has not loaded its history would not know the row before the range either.
    return answer.rows.length === 0 && answer.anchored !== true && source.emptyIsKnown !== true;
  };
  if (!doubtful()) return answer;
  for (;;) {
    const question = `${range.fromUs}-${range.toUs}`;
    const waitMs = agreements.answered(source.streamKey, question, digestRows(answer.rows));
    if (waitMs === null) return answer;
    if (waitMs > LONGEST_PAUSE_MS)
      throw new ComeAgain(waitMs, `answers for ${source.what} are still growing`);
    await pauseOrThrow(clock, waitMs, c.signal);
    answer = await source.read(range, 'agreement');
  }
}

/** If the answer may have been cut, asks for the parts before its first row and after its last row. */
async function withEdges<R extends object>(
  c: SyncContext,
  source: HistorySource<R>,
  answer: HistoryAnswer<R>,
): Promise<HistoryAnswer<R>> {
  const { range, rows } = answer;
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return answer;
  const [firstUs, lastUs] = [source.atUs(first), source.atUs(last)];
  const endUs = Math.min(range.toUs, answer.openFromUs ?? range.toUs);
  const head = !source.headIsTight(range.fromUs, firstUs);
  const tail = !source.tailIsTight(lastUs, endUs);
  const openUs = (head ? firstUs - range.fromUs : 0) + (tail ? endUs - lastUs : 0);
  const openPart = openUs / (range.toUs - range.fromUs);
  const { memory } = c.parts;
  if (openUs === 0) return answer;
  if (!memory.maybeCut(source.memoryKey, source.limits, answer.size, openPart)) return answer;
  const parts: HistoryAnswer<R>[] = [];
  if (head) parts.push(await edge(c, source, answer, { fromUs: range.fromUs, toUs: firstUs + 1 }, firstUs));
  parts.push(answer);
  if (tail && !whole(source, range, lastUs)) {
    parts.push(await edge(c, source, answer, { fromUs: lastUs, toUs: range.toUs }, lastUs));
  }
  return together(source, range, parts);
}

/** An edge that is the whole range again would be asked for endlessly. */
const whole = <R>(source: HistorySource<R>, range: Range, lastUs: number): boolean =>
  lastUs === range.fromUs && source.limits.rowUs !== null;

async function edge<R extends object>(
  c: SyncContext,
  source: HistorySource<R>,
  answer: HistoryAnswer<R>,
  range: Range,
  anchorUs: number,
): Promise<HistoryAnswer<R>> {
  const { memory, numbers } = c.parts;
  const same = range.fromUs === answer.range.fromUs && range.toUs === answer.range.toUs;
  const alone = answer.rows.every((row) => source.atUs(row) === anchorUs);
  if (same && alone) {
    // The same request again. More rows than one answer can hold may share this moment.
    if (!memory.looksCut(source.memoryKey, source.limits, answer.size)) return answer;
    throw noProgress(source.what, anchorUs, answer.size);
  }
  const found = await readWhole(c, source, range, 'edge');
  if (!found.rows.some((row) => source.atUs(row) === anchorUs)) throw contradicts(source.what, range);
  // What happened a moment ago may have reached the history since the first answer: that was not cut.
  const newUs = (await c.account.nowUs(c.signal)) - NEW_US;
  if (found.rows.some((row) => source.atUs(row) !== anchorUs && source.atUs(row) < newUs)) {
    memory.truncated(source.memoryKey, source.limits, answer.size);
    numbers.truncated(c.account.account, source.route);
  }
  return found;
}

/** Merges several answers into one; of two versions of a row, the one asked for later counts. */
function together<R extends object>(
  source: HistorySource<R>,
  range: Range,
  parts: readonly HistoryAnswer<R>[],
): HistoryAnswer<R> {
  const rows = new Map<unknown, R>();
  for (const part of parts) for (const row of part.rows) rows.set(source.idOf(row), row);
  const opens = parts.flatMap((part) => (part.openFromUs === null ? [] : [part.openFromUs]));
  return {
    range,
    rows: [...rows.values()].toSorted((a, b) => source.atUs(a) - source.atUs(b)),
    beside: parts.flatMap((part) => part.beside),
    size: parts.reduce((sum, part) => sum + part.size, 0),
    rejected: parts.flatMap((part) => part.rejected),
    incomplete: parts.flatMap((part) => part.incomplete),
    ambiguous: parts.flatMap((part) => part.ambiguous),
    openFromUs: opens.length === 0 ? null : Math.min(...opens),
    anchored: parts.every(({ anchored }) => anchored === null)
      ? null
      : parts.every(({ anchored }) => anchored !== false),
  };
}

/**
 * Fetches the next page while the caller stores the last one. At most one page is ahead, so that memory stays bounded. When the caller stops
 * early, the fetch under way is awaited and dropped.
 */
export async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = items.next();
      // Its failure is reported when it is its turn; until then it must not count as unhandled.
      next.catch(() => {});
      yield value;
    }
  } finally {
    await next.catch(() => {});
  }
}
