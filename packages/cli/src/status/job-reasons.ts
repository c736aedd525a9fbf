// What the queues mean for the verdict of `fxtape status`. In: the queues, and whether this data folder has services that need them. Out:
// reasons, which degrade, and remarks, which do not: live recording needs no Redis, and a failed job is planned again.
import type { JobsAnswer } from '@fxtape/console';
import { FxtapeError } from '@fxtape/ops';
import { count, spellDuration } from '../print/quantity.ts';

/** A job that waits longer is late: the queues are short, and refilled as they drain. */
export const WAITS_LONG_MS = 3_600_000;
/** Shorter absences of a gateway are not reported. */
const AWAY_MS = 5000;
/** Time for a worker that was just started, or an account that is new. */
const UNSERVED_MS = 15_000;
const RECENT_MS = 86_400_000;

export interface JobVerdict {
  readonly reasons: readonly string[];
  readonly remarks: readonly string[];
}

export function jobVerdict(
  jobs: JobsAnswer | FxtapeError,
  o: { needed: boolean; nowMs: number },
): JobVerdict {
  if (jobs instanceof FxtapeError) {
    if (o.needed) return { reasons: [`jobs: ${jobs.message}`], remarks: [jobs.hint] };
    return {
      reasons: [],
      remarks: ['jobs are unknown: Redis cannot be asked, and nothing here needs it now'],
    };
  }
  const reasons = jobs.accounts.flatMap(
    ({ account, away, oldest_waiting_ms: oldestMs, waiting, workers }) => {
      const awayMs = away === null || away.until !== null ? 0 : o.nowMs - Date.parse(away.since);
      if (away !== null && awayMs > AWAY_MS) {
        return [`${account}: no history for ${spellDuration(awayMs)}, its jobs wait: ${away.line}`];
      }
      if (oldestMs === null) return [];
      if (workers === 0 && oldestMs > UNSERVED_MS) {
        return [
          `${account}: ${count(waiting, 'job')} wait${waiting === 1 ? 's' : ''}, and no backfill worker serves it`,
        ];
      }
      return oldestMs > WAITS_LONG_MS
        ? [`${account}: the oldest job has waited for ${spellDuration(oldestMs)}`]
        : [];
    },
  );
  const remarks = jobs.accounts.flatMap(({ account, failed, failures }) => {
    const [newest] = failures;
    if (newest === undefined || o.nowMs - Date.parse(newest.at) > RECENT_MS) return [];
    return [
      `${account}: ${count(failed, 'job')} failed and will be planned again; the newest: ${newest.line}`,
    ];
  });
  return { reasons, remarks };
}
