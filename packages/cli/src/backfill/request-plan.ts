// Asks the scheduler to plan now, and waits for its answer. In: what is wanted. Out: the jobs that it planned, or why it could not. The
// request is kept in Redis under its own id, so asking again repeats the same request: an emptied Redis or a restarted scheduler loses
// nothing.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type JobQueues, type Payload, type PlanNote, type PlannedJob, readPlanNote } from '@fxtape/jobs';
import { FxtapeError } from '@fxtape/ops';

export type Wanted = Omit<Payload<'plan'>, 'requestId'>;

export interface RequestTiming {
  readonly everyMs: number;
  /** If nobody picks up the request for this long, no scheduler is listening. */
  readonly silentMs: number;
}

const TIMING: RequestTiming = { everyMs: 100, silentMs: 10_000 };

/**
 * @throws SCHEDULER_SILENT when no scheduler picks up the request, ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN, PLAN_FAILED with the scheduler's reason,
 * PLAN_UNREADABLE when the scheduler is of another release, QUEUE_UNREACHABLE, QUEUE_REFUSED; the signal's reason.
 */
export async function requestPlan(
  queues: Pick<JobQueues, 'plan' | 'look' | 'resultOf'>,
  wanted: Wanted,
  signal: AbortSignal,
  timing: Partial<RequestTiming> = {},
): Promise<PlanNote> {
  const { everyMs, silentMs } = { ...TIMING, ...timing };
  const job: PlannedJob = { name: 'plan', payload: { requestId: randomUUID(), ...wanted } };
  await queues.plan([job]);
  let heardMs = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const [sight] = await queues.look([job]);
    if (sight?.state === 'done') return noteOf((await queues.resultOf(job))?.note);
    if (sight?.state === 'failed') throw planFailed(sight.line ?? 'the scheduler did not say why');
    if (sight?.state === 'gone') await queues.plan([job]);
    // A delayed request has failed once, so a scheduler is there.
    if (sight?.state === 'active' || sight?.state === 'delayed') heardMs = performance.now();
    if (performance.now() - heardMs > silentMs) throw schedulerSilent();
    await delay(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function noteOf(note: unknown): PlanNote {
  const read = readPlanNote(note);
  if (read !== null) return read;
  throw new FxtapeError({
    code: 'PLAN_UNREADABLE',
    message: 'the answer of the scheduler cannot be read',
  });
}

function planFailed(line: string): FxtapeError {
  for (const code of ['ACCOUNT_UNKNOWN', 'SYMBOL_UNKNOWN'] as const) {
    const mistyped = `${code}: `;
    if (line.startsWith(mistyped))
      return new FxtapeError({
        code,
        message: line.slice(mistyped.length),
        hint: '`fxtape status` lists the names',
      });
  }
  return new FxtapeError({
    code: 'PLAN_FAILED',
    message: `the scheduler could not plan: ${line}`,
  });
}

function schedulerSilent(): FxtapeError {
  return new FxtapeError({
    code: 'SCHEDULER_SILENT',
    message: 'no scheduler picked up the request',
  });
}
