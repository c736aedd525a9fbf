// The public surface of @fxtape/jobs, the only package that knows BullMQ and Redis: the kinds of jobs (catalogue), planning them (JobQueues),
// running them (JobWorkers), and answering requests to plan (servePlanRequests). Redis may lose everything at any moment, because the plan
// is computed from QuestDB, never from the queue.
export { accountAway, type AwayCause, isAccountAway } from './budget/account-away.ts';
export type { Answer } from './budget/answer-tally.ts';
export type { Away } from './budget/away-store.ts';
export type { Budget } from './budget/budget-store.ts';
export { type BudgetLimits, type BudgetReason, DEFAULT_LIMITS } from './budget/budget-step.ts';
export {
  catalogue,
  describeJob,
  JOB_NAMES,
  type JobDefinition,
  type JobName,
  type Payload,
  type PlannedJob,
} from './catalogue/catalogue.ts';
export type { Checkpoint, JobProgress } from './catalogue/checkpoint.ts';
export type {
  JobAgain,
  JobDone,
  JobHandler,
  JobHandlers,
  JobOutcome,
  RunningJob,
} from './catalogue/job-handler.ts';
export { setQueueMetrics } from './work/job-metrics.ts';
export { JobQueues, type JobQueuesOptions } from './produce/job-queues.ts';
export {
  JobWorkers,
  type JobWorkersOptions,
  type WorkersTiming,
} from './work/job-workers.ts';
export type { PlanRequest, PlanResult } from './produce/plan-jobs.ts';
export { type PlanNote, readPlanNote } from './produce/plan-note.ts';
export { type PlanRequests, type PlanRequestsOptions, servePlanRequests } from './work/plan-requests.ts';
export type { PlanVerdict } from './produce/plan-verdict.ts';
export type { AccountReport, FailedJob, JobSight, QueueReport } from './produce/queue-report.ts';
export { Turns } from './work/turns.ts';
export type { StandingJob } from './produce/standing-jobs.ts';
export type { Why } from './catalogue/payloads.ts';
