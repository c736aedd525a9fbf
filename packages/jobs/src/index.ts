// The public surface of @fxtape/jobs: what can be asked for (catalogue), asking for it (JobQueues), doing it (JobWorkers), and hearing
// requests to plan (servePlanRequests). The only package that knows BullMQ and Redis. What stands in Redis may be lost at any moment:
// what is missing is computed from QuestDB again, never from the queue.
export { accountAway, type AwayCause, isAccountAway } from './account-away.ts';
export type { Answer } from './answer-tally.ts';
export type { Away } from './away-book.ts';
export type { Budget } from './budget-book.ts';
export { type BudgetLimits, type BudgetReason, DEFAULT_LIMITS } from './budget-step.ts';
export {
  catalogue,
  describeJob,
  JOB_NAMES,
  type JobDefinition,
  type JobName,
  type Payload,
  type PlannedJob,
} from './catalogue.ts';
export type { Checkpoint, JobProgress } from './checkpoint.ts';
export type { JobAgain, JobDone, JobHandler, JobHandlers, JobOutcome, RunningJob } from './job-handler.ts';
export { setQueueMetrics } from './job-metrics.ts';
export { JobQueues, type JobQueuesOptions } from './job-queues.ts';
export { JobWorkers, type JobWorkersOptions, type LaneState, type WorkersTiming } from './job-workers.ts';
export type { PlanRequest, PlanResult } from './plan-jobs.ts';
export { type PlanNote, readPlanNote } from './plan-note.ts';
export { type PlanRequests, type PlanRequestsOptions, servePlanRequests } from './plan-requests.ts';
export type { PlanVerdict } from './plan-verdict.ts';
export type { AccountReport, FailedJob, JobSight, QueueReport } from './queue-report.ts';
export { Turns } from './turns.ts';
export type { StandingJob } from './standing-jobs.ts';
export type { Why } from './payloads.ts';
