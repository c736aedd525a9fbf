// Turns work on history into a job handler. In: the work. Out: done, come again, or an error. When a job fails for good, its range becomes a gap with
// cause `refused` and the gateway's message. If the gateway serves nothing at all, the range was not refused, so the terminal's status is checked
// before a gap is written.
import {
  accountAway,
  catalogue,
  type Checkpoint,
  type JobHandler,
  type JobOutcome,
  type RunningJob,
} from '@fxtape/jobs';
import type { Range } from '@fxtape/market';
import type { StreamKeyOf } from '@fxtape/questdb';
import { ComeAgain } from '../fetch/history-errors.ts';
import { openedGap } from '../store/gap-rows.ts';
import { meansAway, whyAway } from '../context/gateway-away.ts';
import type { BackfillParts } from '../context/parts.ts';
import { type SyncContext, type SyncOutcome, syncContext } from '../context/sync-context.ts';

/** The gap that a failed job leaves open; null: none. */
export type Refusal = { readonly key: StreamKeyOf; readonly range: Range } | null;

export function asJob<P extends { readonly account: string }>(
  parts: BackfillParts,
  o: {
    readonly run: (c: SyncContext, job: RunningJob<P>, checkpoint: Checkpoint) => Promise<JobOutcome>;
    readonly refusal: (payload: P) => Refusal;
  },
): JobHandler<P> {
  return async (job, signal, checkpoint) => {
    const { account } = job.payload;
    let c: SyncContext | null = null;
    try {
      c = await syncContext(parts, job, signal, checkpoint);
      return await o.run(c, job, checkpoint);
    } catch (error) {
      if (error instanceof ComeAgain) return { againAfterMs: error.afterMs };
      if (signal.aborted) throw error;
      // Finding the account and reading its clock bypass the budget, so their errors are classified here.
      if (meansAway(error) || (c === null && isOfGateway(error))) throw accountAway(account, error as Error);
      const refusal = o.refusal(job.payload);
      if (c === null || refusal === null || !isFinal(job, error)) throw error;
      const away = await whyAway(c.account, signal);
      if (away !== null) throw accountAway(account, away);
      await refuse(parts, refusal, error);
      throw error;
    }
  };
}

/** Maps how reading a range ended to how the job ends. */
export const doneOf = (outcome: SyncOutcome): JobOutcome => ({
  rows: outcome.rows,
  requests: outcome.requests,
  note: { outcome: outcome.outcome, covered: outcome.covered.length },
});

/** Codes that mean that the gateway refuses, not that this installation is at fault. */
const REFUSALS = /^(FXSOCKET|HISTORY|SYMBOL)_/;

const isOfGateway = (error: unknown): boolean =>
  String((error as { code?: unknown } | null)?.code).startsWith('FXSOCKET_');

function isFinal(job: RunningJob<unknown>, error: unknown): boolean {
  const { code, kind } = error as { code?: unknown; kind?: unknown };
  if (typeof code !== 'string' || !REFUSALS.test(code) || code === 'FXSOCKET_ABORTED') return false;
  return kind === 'terminal' || job.attempt >= catalogue[job.name].attempts;
}

async function refuse(parts: BackfillParts, refusal: NonNullable<Refusal>, error: unknown): Promise<void> {
  const { code, message } = error as { code: string; message: string };
  const gap = openedGap(parts.stamps, { ...refusal, cause: 'refused', evidence: { code, message } });
  // The job's own signal may abort at any moment now; this must still be written.
  await parts.writer.write({ gap_events: [gap] }, { signal: AbortSignal.timeout(10_000) });
  parts.historyGaps.changed(refusal.key.account);
}
