// What is read again although it is claimed. Because a broker corrects itself: the last seven days of bars, deals and closed positions, once
// a day. Because a terminal may not have had everything when it was asked first: what lies before the beginning of a history, a day and a
// week after it was found, and all that an account traded. In: what each stream needs. Out: jobs over the claimed part of these days.
// Accounts have their turn at different hours of the day, and a stream whose days are just being read for the first time has had it.
import { type Range, intersect, streamId } from '@fxtape/market';
import { DAY_US, isTimeframe, piecesOf } from './grid.ts';
import { type HistoryJob, historyJob } from './history-jobs.ts';
import type { StreamNeed } from './missing.ts';
import type { Planned, PlanInput } from './plan-input.ts';

const REREAD_DAYS = 7;
const SPREAD_US = 4 * 3600 * 1_000_000;
/** The least of a window, so that it holds the last bars of every timeframe. */
const WIDER_DAYS: Readonly<Record<string, number>> = { W1: 28, MN1: 124 };

/** The day of the wall clock that marks are kept for. */
export const dayOf = (wallUs: number): number => Math.floor(wallUs / DAY_US);

export interface Rereads {
  readonly jobs: Planned<HistoryJob>[];
  /** Read for the first time today: to be remembered as done. */
  readonly firstReads: string[];
}

export function planRereads(input: PlanInput, needs: readonly StreamNeed[]): Rereads {
  const jobs: Planned<HistoryJob>[] = [];
  const firstReads: string[] = [];
  for (const need of needs) jobs.push(...looksOf(input, need));
  const today = dayOf(input.nowUs) * DAY_US;
  if (input.wallUs - dayOf(input.wallUs) * DAY_US < turnOf(input.account)) return { jobs, firstReads };
  for (const need of needs) {
    const { stream, timeframe } = need.key;
    if (stream === 'ticks') continue;
    const mark = `reread ${streamId(need.key)}`;
    if (input.doneToday.has(mark)) continue;
    const days = isTimeframe(timeframe) ? (WIDER_DAYS[timeframe] ?? REREAD_DAYS) : REREAD_DAYS;
    const window = { fromUs: Math.max(0, today - days * DAY_US), toUs: today };
    const claimed = intersect(need.claimed, [window]);
    const missing = length(intersect(need.missing, [window]));
    if (missing > DAY_US && missing > length(claimed)) {
      firstReads.push(mark);
      continue;
    }
    const pieces = [...piecesOf(claimed, need.cellOf)];
    for (const [i, piece] of pieces.entries()) {
      const job = historyJob(input, need.key, piece, 'reread');
      if (job !== null) jobs.push({ job, marks: i === pieces.length - 1 ? [mark] : [] });
    }
  }
  return { jobs, firstReads };
}

/** The beginning looked at again, as its turn has come. */
function looksOf(input: PlanInput, need: StreamNeed): Planned<HistoryJob>[] {
  const { key } = need;
  const id = streamId(key);
  const looks = input.looksDue.get(id);
  const mark = `look ${id} ${looks}`;
  if (looks === undefined || input.doneToday.has(mark)) return [];
  const earliest = input.earliest.get(id) ?? 0;
  const before = earliest > 0 ? [{ fromUs: need.cellOf(earliest - 1).fromUs, toUs: earliest }] : [];
  const claimed = key.stream === 'bars' ? [] : need.claimed;
  const pieces = [...piecesOf(claimed, need.cellOf), ...before];
  return pieces.flatMap((piece, i) => {
    const job = historyJob(input, key, piece, 'reread');
    return job === null ? [] : [{ job, marks: i === pieces.length - 1 ? [mark] : [] }];
  });
}

/** When in the day an account has its turn, µs after midnight; the same in every process. */
function turnOf(account: string): number {
  let hash = 2_166_136_261;
  for (const char of account) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return Math.floor((hash / 2 ** 32) * SPREAD_US);
}

const length = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
