// The public surface of @fxtape/scheduler, for tests and benchmarks: the pure planner, and the service.
export { AccountPlanner } from './account-planner.ts';
export { type AccountPlan, planAccount } from './plan/plan-account.ts';
export { PlanTaker } from './plan/take.ts';
export type { Claimed, ConfiguredSince, EndedGap, PlanInput, Refusal } from './plan/plan-input.ts';
export { Scheduler, type SchedulerOptions } from './scheduler.ts';
