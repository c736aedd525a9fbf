// Turns the reading of history into a handler of jobs. In: the work. Out: done, come again, or an error; and when a job fails for good, the
// range that the gateway would not give stands as a gap with cause `refused`, with what it said. What the gateway gives nobody is no
// refusal of a range: before one is written the terminal is asked whether it is there at all.
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
import { ComeAgain } from './come-again.ts';
import { openedGap } from './gap-rows.ts';
import { meansAway, whyAway } from './gateway-away.ts';
import type { BackfillParts } from './parts.ts';
import { type SyncContext, type SyncOutcome, syncContext } from './sync-context.ts';

/** What a failed job leaves open; null: nothing that a gap could show. */
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
      // Not every question is asked within the budget: where the account is found, what its clock shows.
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

/** The end of a range as the end of its job. */
export const doneOf = (outcome: SyncOutcome): JobOutcome => ({
  rows: outcome.rows,
  requests: outcome.requests,
  note: { outcome: outcome.outcome, covered: outcome.covered.length },
});

/** Codes with which a gateway, and not this installation, refuses. */
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
  // The job's own signal may end at any moment now; this is the last that is to be said of it.
  await parts.writer.write({ gap_events: [gap] }, { signal: AbortSignal.timeout(10_000) });
  parts.historyGaps.changed(refusal.key.account);
}
