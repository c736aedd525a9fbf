// Re-reads of claimed ranges. Brokers correct their data: the last seven days of bars, deals and closed positions are read again once a day. A
// terminal may not have had everything when it was first asked: the range before the beginning of a history, and all trades of an account,
// are read again a day and a week after the beginning was found. In: what each stream needs. Out: jobs. Accounts take turns at different
// hours; a stream whose days are being read for the first time is left out.
import { type Range, intersect, streamId } from '@fxtape/market';
import { DAY_US, isTimeframe, piecesOf } from './grid.ts';
import { type HistoryJob, historyJob } from './history-jobs.ts';
import type { StreamNeed } from './missing.ts';
import type { Planned, PlanInput } from './plan-input.ts';

const REREAD_DAYS = 7;
const SPREAD_US = 4 * 3600 * 1_000_000;
/** Longer windows, so that they contain the last bars of every timeframe. */
const WIDER_DAYS: Readonly<Record<string, number>> = { W1: 28, MN1: 124 };

/** The day of the wall clock, for which done keys are kept. */
export const dayOf = (wallUs: number): number => Math.floor(wallUs / DAY_US);

export interface Rereads {
  readonly jobs: Planned<HistoryJob>[];
  /** Done keys of streams that are read for the first time today. */
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
    const doneKey = `reread ${streamId(need.key)}`;
    if (input.doneToday.has(doneKey)) continue;
    const days = isTimeframe(timeframe) ? (WIDER_DAYS[timeframe] ?? REREAD_DAYS) : REREAD_DAYS;
    const window = { fromUs: Math.max(0, today - days * DAY_US), toUs: today };
    const claimed = intersect(need.claimed, [window]);
    const missing = length(intersect(need.missing, [window]));
    if (missing > DAY_US && missing > length(claimed)) {
      firstReads.push(doneKey);
      continue;
    }
    const pieces = [...piecesOf(claimed, need.cellOf)];
    for (const [i, piece] of pieces.entries()) {
      const job = historyJob(input, need.key, piece, 'reread');
      if (job !== null) jobs.push({ job, doneKeys: i === pieces.length - 1 ? [doneKey] : [] });
    }
  }
  return { jobs, firstReads };
}

/** Checks the beginning of a history again when that is due. */
function looksOf(input: PlanInput, need: StreamNeed): Planned<HistoryJob>[] {
  const { key } = need;
  const id = streamId(key);
  const looks = input.looksDue.get(id);
  const doneKey = `look ${id} ${looks}`;
  if (looks === undefined || input.doneToday.has(doneKey)) return [];
  const earliest = input.earliest.get(id) ?? 0;
  const before = earliest > 0 ? [{ fromUs: need.cellOf(earliest - 1).fromUs, toUs: earliest }] : [];
  const claimed = key.stream === 'bars' ? [] : need.claimed;
  const pieces = [...piecesOf(claimed, need.cellOf), ...before];
  return pieces.flatMap((piece, i) => {
    const job = historyJob(input, key, piece, 'reread');
    return job === null ? [] : [{ job, doneKeys: i === pieces.length - 1 ? [doneKey] : [] }];
  });
}

/** When an account's daily re-reads start, µs after midnight; the same in every process. */
function turnOf(account: string): number {
  let hash = 2_166_136_261;
  for (const char of account) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return Math.floor((hash / 2 ** 32) * SPREAD_US);
}

const length = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
