// What one run of a job needs to read history: the account, the request budget, the signal, and how far an earlier run got. Made once per run.
import type { Checkpoint, RunningJob } from '@fxtape/jobs';
import type { Range } from '@fxtape/market';
import { z } from 'zod';
import type { Asking } from './account-context.ts';
import { accountOrQuestion } from './gateway-away.ts';
import type { BackfillParts } from './parts.ts';

/** The durable part of reading a range from its beginning to its end. */
export interface SyncProgress {
  /** Everything before this is applied and covered. */
  readonly cursorUs: number;
  readonly rows: number;
  readonly requests: number;
}

export interface SyncContext extends Asking {
  readonly parts: BackfillParts;
  readonly signal: AbortSignal;
  /** Runs `work` under a lock shared by all processes: for work that compares with a table and then writes what the table lacks. */
  readonly alone: <T>(name: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** Requests that this run has made. */
  readonly requests: () => number;
  /** How far an earlier run of the same range got. */
  readonly resume: SyncProgress | null;
  /** Called after each page that is applied and covered. */
  readonly onApplied: (progress: SyncProgress) => Promise<void>;
}

/** The result of a range. `rows`: written because they were new or changed. `covered`: covered as complete. */
export interface SyncOutcome {
  readonly rows: number;
  readonly requests: number;
  readonly covered: readonly Range[];
  readonly outcome: 'rows' | 'nothing_there' | 'before_beginning';
}

const saved = z.object({
  v: z.literal(1),
  cursorUs: z.int(),
  rows: z.int().min(0),
  requests: z.int().min(0),
});

/** The context of one run. With a checkpoint, the run resumes where an earlier one stopped. @throws as AccountContexts.get. */
export async function syncContext(
  parts: BackfillParts,
  job: Pick<RunningJob<{ readonly account: string }>, 'payload' | 'request' | 'alone'>,
  signal: AbortSignal,
  checkpoint?: Checkpoint,
): Promise<SyncContext> {
  const account = await parts.contexts.get(job.payload.account, signal);
  const earlier = saved.safeParse(checkpoint?.value);
  const before = earlier.success ? earlier.data : null;
  let requests = 0;
  // A run that lost a lock must stop writing: another job may be comparing the same rows.
  const lost = new AbortController();
  const own = AbortSignal.any([signal, lost.signal]);
  return {
    parts,
    account,
    signal: own,
    requests: () => requests,
    alone: (name, work) =>
      job.alone(name, (leased) => {
        leased.addEventListener('abort', () => lost.abort(leased.reason), { once: true });
        return work(leased);
      }),
    ask: ({ route, of, optional = false, purpose }, work) =>
      job.request([route, of, purpose].filter((part) => part !== undefined).join(' '), async (given) => {
        requests += 1;
        parts.numbers.asked(account.account, route, purpose);
        const either = AbortSignal.any([given, own]);
        try {
          return await work(either);
        } catch (error) {
          throw await accountOrQuestion(error, { ...account, optional }, either);
        }
      }),
    resume: before,
    onApplied: async (progress) => {
      await checkpoint?.save({ v: 1, ...progress }, { rows: progress.rows, requests: progress.requests });
    },
  };
}
