// One run of one job, between BullMQ and a handler. In: a BullMQ job and its signal. Out: what BullMQ does with the job next:
//
//   handler ─► done ───────────────► completed                    terminal error ─► failed (UnrecoverableError)
//           ─► again after n ms ───► delayed, no attempt used      Retry-After ────► back to wait, the whole queue held, no attempt used
//   process stops ─► handed back to wait, no attempt used          gateway away ───► the same
//   lock lost ────► nothing: it belongs to another worker          any other error, deadline ─► next attempt after its back-off, or failed
import { FxtapeError, passing } from '@fxtape/ops';
import { DelayedError, type Job, RateLimitError, UnrecoverableError, WaitingError } from 'bullmq';
import type { AccountBreaker } from './account-breaker.ts';
import type { Answer } from '../budget/answer-tally.ts';
import { definitionOf, type JobName } from '../catalogue/catalogue.ts';
import { JobCheckpoint } from '../catalogue/checkpoint.ts';
import { isAccountAway } from '../budget/account-away.ts';
import { judgeFailure } from './job-failure.ts';
import { JobRequests } from './job-requests.ts';
import { DeadlineClock } from './deadline-clock.ts';
import type { LocalPermits } from '../budget/local-permits.ts';
import type { NameLeases } from './name-leases.ts';
import type { JobDone, JobHandler, JobHandlers, JobOutcome } from '../catalogue/job-handler.ts';
import type { JobEvent } from './job-metrics.ts';

/** Reasons to abort a run from outside. */
export const STOPPING = 'stopping';
export const LOCK_LOST = 'lock lost';

export interface RunContext {
  readonly handlers: JobHandlers;
  readonly stopping: () => boolean;
  /** Holds the whole queue for this long. */
  readonly hold: (ms: number) => Promise<void>;
  /** Null: jobs of this queue make no requests. */
  readonly permits: Pick<LocalPermits, 'take'> | null;
  readonly breaker: Pick<AccountBreaker, 'check' | 'failed'> | null;
  readonly answered: (answer: Answer) => void;
  /** For `RunningJob.alone`. */
  readonly leases: Pick<NameLeases, 'hold'>;
  readonly onEvent: (event: JobEvent, job: { id: string; name: string; tookMs: number }) => void;
  /** How long a handler may take to return after its signal was aborted. */
  readonly graceMs: number;
}

export async function runJob(
  job: Job,
  token: string,
  signal: AbortSignal,
  context: RunContext,
): Promise<JobDone> {
  const startedMs = performance.now();
  const tell = (event: JobEvent) => {
    const tookMs = performance.now() - startedMs;
    context.onEvent(event, { id: String(job.id), name: job.name, tookMs });
  };
  if (context.stopping()) return handBack(job, token, tell);
  const checkpoint = new JobCheckpoint(job);
  const deadline = new AbortController();
  const ending: (() => void)[] = [];
  try {
    const { handler, payload, deadlineMs } = prepare(job, context.handlers);
    const clock = new DeadlineClock(deadlineMs, () => deadline.abort(deadlineError(job, deadlineMs)));
    const either = AbortSignal.any([signal, deadline.signal]);
    const { answered, breaker, permits } = context;
    passing(`job: begin ${job.name}`);
    const requests = new JobRequests({ permits, breaker, answered, signal: either, deadline: clock });
    ending.push(
      () => requests.end(),
      () => clock.end(),
    );
    const running = handler(
      {
        id: String(job.id),
        name: job.name as JobName,
        payload,
        attempt: job.attemptsMade + 1,
        request: requests.request,
        alone: (name, work) => context.leases.hold(name, either, work),
      },
      either,
      checkpoint,
    );
    const outcome = await endOrAbort(running, either, context.graceMs);
    checkpoint.close();
    passing(`job: end ${job.name}`);
    if ('againAfterMs' in outcome) return await comeAgain(job, token, outcome.againAfterMs, tell);
    tell({ type: 'done', rows: outcome.rows, requests: outcome.requests });
    return outcome;
  } catch (error) {
    checkpoint.close();
    if (error instanceof DelayedError) throw error;
    if (signal.aborted && signal.reason === LOCK_LOST) {
      tell({ type: 'lock_lost' });
      throw new WaitingError(LOCK_LOST);
    }
    if (signal.aborted) return await handBack(job, token, tell);
    throw await afterError(job, deadline.signal.aborted ? deadline.signal.reason : error, context, tell);
  } finally {
    for (const end of ending) end();
  }
}

function prepare(
  job: Job,
  handlers: JobHandlers,
): { handler: JobHandler<unknown>; payload: unknown; deadlineMs: number } {
  const definition = definitionOf(job.name);
  const handler = handlers[job.name as JobName] as JobHandler<unknown> | undefined;
  if (definition === null || handler === undefined) {
    throw new FxtapeError({
      code: 'JOB_UNKNOWN',
      message: `this worker has no handler for ${job.name}`,
    });
  }
  const parsed = definition.schema.safeParse((job.data as { payload?: unknown }).payload);
  if (!parsed.success) {
    throw new FxtapeError({
      code: 'JOB_PAYLOAD',
      message: `the payload of ${job.id} is not valid for ${job.name}: ${parsed.error.issues[0]?.message ?? ''}`,
    });
  }
  return { handler, payload: parsed.data, deadlineMs: definition.deadlineMs };
}

/** The handler's outcome. If it does not return within the grace period after an abort: the abort's reason. */
function endOrAbort(running: Promise<JobOutcome>, signal: AbortSignal, graceMs: number): Promise<JobOutcome> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => {
      timer = setTimeout(() => reject(signal.reason as Error), graceMs);
    };
    const settled = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    running.then(resolve, reject).finally(settled);
  });
}

async function handBack(job: Job, token: string, tell: (event: JobEvent) => void): Promise<never> {
  await job.moveToWait(token);
  tell({ type: 'handed_back' });
  throw new WaitingError(STOPPING);
}

async function comeAgain(
  job: Job,
  token: string,
  afterMs: number,
  tell: (event: JobEvent) => void,
): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(0, Math.ceil(afterMs)), token);
  tell({ type: 'again', afterMs });
  throw new DelayedError();
}

async function afterError(
  job: Job,
  error: unknown,
  context: RunContext,
  tell: (event: JobEvent) => void,
): Promise<Error> {
  const failure = judgeFailure(error);
  if (failure.holdMs !== null || failure.away) {
    const awayMs = isAccountAway(error) ? await context.breaker?.failed(error) : undefined;
    const ms = awayMs ?? failure.holdMs ?? 1;
    await context.hold(ms);
    tell({ type: failure.away ? 'away' : 'held', line: failure.line, ms });
    return new RateLimitError();
  }
  const attempt = job.attemptsMade + 1;
  const last = failure.kind === 'terminal' || attempt >= (job.opts.attempts ?? 1);
  tell({ type: last ? 'failed' : 'retry', line: failure.line, attempt });
  if (failure.kind === 'terminal') return new UnrecoverableError(failure.line);
  return new Error(failure.line, { cause: error });
}

function deadlineError(job: Job, deadlineMs: number): FxtapeError {
  return new FxtapeError({
    code: 'JOB_DEADLINE',
    message: `${job.name} took longer than ${deadlineMs} ms`,
  });
}
