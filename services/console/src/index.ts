// What the `fxtape` command shares with the console: the collector's state, the readiness made of it, and the gaps of QuestDB.
export { type CollectorClientOptions, fetchCollectorState } from './collector-client.ts';
export { type AccountState, type CollectorState, type StreamState } from './collector-state.ts';
export type { GapSource } from './gap-source.ts';
export { requireTokenBeyondLoopback } from './guard.ts';
export { isoOfUs } from './instant.ts';
export { jobsOf } from './routes/jobs.ts';
export { type ReadinessReport, readinessOf } from './readiness.ts';
export {
  type Gap,
  type GapsQuery,
  type JobsAnswer,
  gapsQuery,
  type Outage,
  type OutagesQuery,
  outagesQuery,
} from './schemas.ts';
