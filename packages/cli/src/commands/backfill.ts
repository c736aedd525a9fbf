// `fxtape backfill`: plans missing history now; with --wait it stays until the history is fetched, planning again if one plan cannot hold
// all of it. In: what is wanted. Out: the plan and its result, for people or as one JSON document, and an exit code: 0 done, 1 a job failed
// or an account could not be planned, 130 interrupted with Ctrl-C, in which case the jobs go on. The backfill workers do the work, wherever
// they run.
import { setTimeout as delay } from 'node:timers/promises';
import { JobQueues, type PlanNote } from '@fxtape/jobs';
import { createLog, FxtapeError, redactorOf, visible } from '@fxtape/ops';
import { type FailedWork, JobWatch, type WatchState } from '../backfill/job-watch.ts';
import { planLines, planRecord } from '../backfill/plan-lines.ts';
import { ProgressMeter, progressLine, spellCount, standStill } from '../backfill/progress.ts';
import { requestPlan } from '../backfill/request-plan.ts';
import { readRunningEnv } from '../env.ts';
import { err, out } from '../print/out.ts';
import { count, spellDuration } from '../print/quantity.ts';

export interface BackfillOptions {
  readonly account?: string;
  readonly symbol?: string;
  readonly timeframe?: 'M1' | 'M5' | 'M15' | 'M30' | 'H1' | 'H4' | 'D1' | 'W1' | 'MN1';
  /** Microseconds UTC. */
  readonly from?: number;
  readonly to?: number;
  readonly again?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const INTERRUPTED = 130;
const POLL_EVERY_MS = 500;
/** How often a file or a pipe gets a line; a terminal has one line that is redrawn. */
const PLAIN_EVERY_MS = 5000;
/** How long Redis may be away: it may be restarting. */
const PATIENCE_MS = 60_000;
const WORKERS_SILENT_MS = 15_000;
/** Without progress for this long, the line says what the jobs are waiting for. */
const STANDS_MS = 5000;
const SHOWN_FAILURES = 20;

/** Resolves with the exit code. Errors: SCHEDULER_SILENT, WORKERS_SILENT, ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN, PLAN_FAILED, PLAN_UNREADABLE, QUEUE_*, ENV_INVALID. */
export async function backfill(options: BackfillOptions): Promise<number> {
  const env = readRunningEnv();
  const level = env.LOG_LEVEL === 'debug' ? 'debug' : 'silent';
  const write = (line: string) => void err(line);
  const queues = new JobQueues({
    redisUrl: env.REDIS_URL,
    log: createLog({ service: 'fxtape', level, write, redactor: redactorOf(env) }),
  });
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const json = options.json === true;
  try {
    const again = options.again === true;
    const ask = (skip: number): Promise<PlanNote> =>
      requestPlan(
        queues,
        {
          account: options.account ?? null,
          symbol: options.symbol ?? null,
          timeframe: options.timeframe ?? null,
          fromUs: options.from ?? null,
          toUs: options.to ?? null,
          again,
          skip,
        },
        stop.signal,
      );
    let plan = await ask(0);
    if (!json) print(planLines(plan));
    if (options.wait !== true || plan.jobs.length === 0) {
      const { counts, failed, jobs, left } = plan;
      if (json)
        print([JSON.stringify({ counts, left, unplanned: failed, planned: jobs.map(planRecord) }, null, 2)]);
      return failed.length === 0 ? 0 : 1;
    }
    const startedMs = performance.now();
    let whole: Whole = { plan, end: await waitFor(queues, plan, stop.signal, json ? () => {} : drawer()) };
    // If every job of a plan failed, the next plan would be the same.
    while (plan.left > 0 && !whole.end.interrupted && whole.end.failed.length < whole.end.total) {
      plan = await ask(again ? whole.end.total : 0);
      if (plan.jobs.length === 0) break;
      if (!json) print(planLines(plan));
      whole = together(whole, plan, await waitFor(queues, plan, stop.signal, json ? () => {} : drawer()));
    }
    const { end } = whole;
    const tookMs = performance.now() - startedMs;
    print(json ? [document(whole.plan, end, tookMs)] : endLines(end, tookMs));
    if (end.interrupted) return INTERRUPTED;
    return end.failed.length === 0 && whole.plan.failed.length === 0 ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    err('Stopped waiting; a request that is already in the queue is still planned.\n');
    return INTERRUPTED;
  } finally {
    await queues.close();
  }
}

interface End extends WatchState {
  readonly interrupted: boolean;
}

interface Whole {
  readonly plan: PlanNote;
  readonly end: End;
}

/** Two plans in succession as one. */
const together = (before: Whole, plan: PlanNote, end: End): Whole => ({
  plan: { ...plan, jobs: [...before.plan.jobs, ...plan.jobs], counts: sum(before.plan.counts, plan.counts) },
  end: {
    ...end,
    total: before.end.total + end.total,
    done: before.end.done + end.done,
    rows: before.end.rows + end.rows,
    failed: [...before.end.failed, ...end.failed],
  },
});

const sum = (a: PlanNote['counts'], b: PlanNote['counts']): PlanNote['counts'] => ({
  added: a.added + b.added,
  again: a.again + b.again,
  queued: a.queued + b.queued,
  raised: a.raised + b.raised,
  resting: a.resting + b.resting,
  done: a.done + b.done,
});

async function waitFor(
  queues: JobQueues,
  plan: PlanNote,
  signal: AbortSignal,
  draw: (line: string, last: boolean) => void,
): Promise<End> {
  const watch = new JobWatch(queues, plan.jobs);
  const meter = new ProgressMeter(plan.jobs.length);
  let state: WatchState = {
    total: plan.jobs.length,
    done: 0,
    failed: [],
    active: 0,
    waiting: 0,
    resting: 0,
    trouble: null,
    rows: 0,
    accounts: [],
  };
  let away = '';
  let [reachedMs, movedMs, moved] = [performance.now(), performance.now(), ''];
  let settledMs = performance.now();
  for (;;) {
    const beganMs = performance.now();
    try {
      state = await watch.look();
      reachedMs = performance.now();
    } catch (error) {
      const { code } = error as { code?: string };
      const passing = code === 'QUEUE_UNREACHABLE' || code === 'QUEUE_REFUSED';
      if (!passing || performance.now() - reachedMs > PATIENCE_MS) throw error;
      // Without Redis the workers could not report.
      movedMs = performance.now();
    }
    const settled = state.done + state.failed.length;
    const last = settled === state.total || signal.aborted;
    const now = `${settled} ${state.rows}`;
    if (now !== moved) [away, settledMs] = ['', performance.now()];
    const stands = !last && away === '' && performance.now() - settledMs > STANDS_MS;
    const why = stands ? ` · ${standStill(state)}` : away;
    draw(progressLine(meter.add({ atMs: performance.now(), settled, rows: state.rows })) + why, last);
    if (last) return { ...state, interrupted: settled < state.total };
    if (now !== moved || state.active > 0) [movedMs, moved] = [performance.now(), now];
    if (performance.now() - movedMs > WORKERS_SILENT_MS) {
      away = await requireWorkers(queues, state.accounts);
      movedMs = performance.now();
    }
    // Polling ten thousand jobs must not take all the time.
    const pauseMs = Math.max(POLL_EVERY_MS, 4 * (performance.now() - beganMs));
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Text that names an account whose gateway is away, or ''. @throws WORKERS_SILENT when no worker serves any of the accounts; QUEUE_*. */
async function requireWorkers(queues: JobQueues, accounts: readonly string[]): Promise<string> {
  const report = await queues.report();
  const served = report.accounts.filter((one) => accounts.includes(one.account) && one.workers > 0);
  const gone = served.find(({ away }) => away !== null && away.endedMs === null);
  if (served.length > 0) return gone === undefined ? '' : ` · ${gone.account} waits: ${gone.away?.line}`;
  throw new FxtapeError({
    code: 'WORKERS_SILENT',
    message: `no backfill worker serves ${accounts.join(', ')}; the jobs wait`,
    context: { accounts },
  });
}

/** On a terminal redraws one line; elsewhere writes a line now and then. */
function drawer(): (line: string, last: boolean) => void {
  const { stdout } = process;
  if (stdout.isTTY === true) {
    return (line, last) =>
      void stdout.write(`\r\u001B[K${visible(line.slice(0, stdout.columns - 1))}${last ? '\n' : ''}`);
  }
  let writtenMs = performance.now();
  return (line, last) => {
    if (!last && performance.now() - writtenMs < PLAIN_EVERY_MS) return;
    writtenMs = performance.now();
    out(`${line}\n`);
  };
}

function endLines({ done, failed, interrupted, rows, total }: End, tookMs: number): string[] {
  const took = spellDuration(tookMs);
  const sum = `${spellCount(rows)} rows in ${took}`;
  if (interrupted) {
    return [`Stopped waiting after ${took}. The jobs go on without this command; fxtape status shows them.`];
  }
  if (failed.length === 0) return [`Done: ${count(total, 'job')}, ${sum}.`];
  return [
    `${count(failed.length, 'job')} failed, ${done} done: ${sum}. They are planned again later if they are still wanted.`,
    ...failed.slice(0, SHOWN_FAILURES).map(({ id, line }: FailedWork) => `  ${id}\n    ${line}`),
    ...(failed.length > SHOWN_FAILURES ? [`  and ${failed.length - SHOWN_FAILURES} more`] : []),
  ];
}

function document(plan: PlanNote, end: End, tookMs: number): string {
  const { done, failed, interrupted, rows } = end;
  return JSON.stringify(
    {
      counts: plan.counts,
      left: plan.left,
      unplanned: plan.failed,
      planned: plan.jobs.map(planRecord),
      done,
      failed,
      rows,
      interrupted,
      took_ms: Math.round(tookMs),
    },
    null,
    2,
  );
}

function print(lines: readonly string[]): void {
  out(`${lines.join('\n')}\n`);
}
