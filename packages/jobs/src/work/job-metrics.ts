// Prometheus metrics of jobs and queues. In: what happened to each job of this process; and a report of the queues, from one process (the
// leading scheduler). Out: counters, histograms and gauges.
import type { Metrics } from '@fxtape/ops';
import type { Answer } from '../budget/answer-tally.ts';
import type { QueueReport } from '../produce/queue-report.ts';

export type JobEvent =
  | { readonly type: 'done'; readonly rows: number; readonly requests: number }
  | { readonly type: 'again'; readonly afterMs: number }
  | { readonly type: 'held' | 'away'; readonly line: string; readonly ms: number }
  | { readonly type: 'handed_back' | 'lock_lost' }
  | { readonly type: 'retry' | 'failed'; readonly line: string; readonly attempt: number };

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export class JobMetrics {
  readonly #runs;
  readonly #rows;
  readonly #seconds;
  readonly #answers;
  readonly #away;
  readonly #awaySeconds;

  constructor(metrics: Metrics) {
    this.#runs = metrics.counter('fxtape_job_runs_total', 'Job runs by outcome', [
      'account',
      'job',
      'end',
    ] as const);
    this.#rows = metrics.counter('fxtape_job_rows_total', 'Rows that finished jobs wrote', [
      'account',
      'job',
    ] as const);
    this.#seconds = metrics.histogram(
      'fxtape_job_seconds',
      'Duration of a job run',
      ['job', 'end'] as const,
      SECONDS,
    );
    this.#answers = metrics.histogram(
      'fxtape_gateway_answer_seconds',
      'Time until the gateway answered a request of a job',
      ['account', 'result'] as const,
      SECONDS,
    );
    this.#away = metrics.gauge(
      'fxtape_account_away',
      '1 while the gateway does not serve the account and its jobs wait',
      ['account'] as const,
    );
    this.#awaySeconds = metrics.counter(
      'fxtape_account_away_seconds_total',
      'Total time that the gateway did not serve the account, counted when it is back',
      ['account'] as const,
    );
  }

  event(account: string, event: JobEvent, job: { name: string; tookMs: number }): void {
    this.#runs.inc({ account, job: job.name, end: event.type });
    this.#seconds.observe({ job: job.name, end: event.type }, job.tookMs / 1000);
    if (event.type === 'done') this.#rows.inc({ account, job: job.name }, event.rows);
  }

  answered(account: string, { ms, result }: Answer): void {
    this.#answers.observe({ account, result }, ms / 1000);
  }

  /** Which of the accounts that this process serves are away now. */
  away(accounts: ReadonlyMap<string, boolean>): void {
    this.#away.reset();
    for (const [account, away] of accounts) this.#away.set({ account }, away ? 1 : 0);
  }

  back(account: string, ms: number): void {
    this.#awaySeconds.inc({ account }, ms / 1000);
  }
}

/** Sets the gauges of the queues. Accounts that were removed disappear. */
export function setQueueMetrics(metrics: Metrics, report: QueueReport): void {
  const jobs = metrics.gauge('fxtape_jobs', 'Jobs in the queues', ['account', 'state'] as const);
  const oldest = metrics.gauge(
    'fxtape_jobs_oldest_waiting_seconds',
    'Time since the oldest waiting job was planned; 0 when none waits',
    ['account'] as const,
  );
  const slots = metrics.gauge('fxtape_jobs_slots', 'Concurrent gateway requests that the budget allows', [
    'account',
  ] as const);
  const workers = metrics.gauge('fxtape_jobs_workers', 'Worker processes that serve an account', [
    'account',
  ] as const);
  const held = metrics.gauge(
    'fxtape_jobs_held_seconds',
    'How much longer the account is held and no request is sent for it',
    ['account'] as const,
  );
  for (const gauge of [jobs, oldest, slots, workers, held]) gauge.reset();
  for (const one of report.accounts) {
    const { account } = one;
    for (const state of ['waiting', 'active', 'delayed', 'failed'] as const) {
      jobs.set({ account, state }, one[state]);
    }
    oldest.set({ account }, (one.oldestWaitingMs ?? 0) / 1000);
    slots.set({ account }, one.budget?.slots ?? 0);
    workers.set({ account }, one.workers);
    held.set({ account }, one.heldMs / 1000);
  }
}
