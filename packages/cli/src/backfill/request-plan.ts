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
 * @throws SCHEDULER_SILENT when nobody takes the request up, ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN, PLAN_FAILED with the scheduler's reason,
 * PLAN_UNREADABLE when it is of another release, QUEUE_UNREACHABLE, QUEUE_REFUSED; the signal's reason.
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
    // Between two tries it failed, so somebody is there.
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
    kind: 'terminal',
    message: 'the answer of the scheduler cannot be read',
    hint: 'Run the same release of fxtape everywhere; `fxtape status` shows the waiting jobs',
  });
}

function planFailed(line: string): FxtapeError {
  const mistyped = /^((?:ACCOUNT|SYMBOL)_UNKNOWN): (.*)$/.exec(line);
  if (mistyped !== null) {
    const [, code = '', message = ''] = mistyped;
    return new FxtapeError({ code, kind: 'terminal', message, hint: '`fxtape status` lists the names' });
  }
  return new FxtapeError({
    code: 'PLAN_FAILED',
    kind: 'terminal',
    message: `the scheduler could not plan: ${line}`,
    hint: 'Fix the cause, or narrow the request; the log of the scheduler says more',
  });
}

function schedulerSilent(): FxtapeError {
  return new FxtapeError({
    code: 'SCHEDULER_SILENT',
    kind: 'transient',
    message: 'no scheduler picked up the request',
    hint: 'Start `fxtape up`, or `fxtape run scheduler` with the same REDIS_URL: it picks up the waiting request',
  });
}
