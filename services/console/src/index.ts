// What the `fxtape` command shares with the console: the collector's state, the readiness made of it, the gaps and clocks of QuestDB.
export { clockOf, gatherClocks } from './account-clocks.ts';
export { type CollectorClientOptions, fetchCollectorState } from './collector-client.ts';
export { type AccountState, type CollectorState, type StreamState } from './collector-state.ts';
export type { GapSource } from './gap-source.ts';
export { questDbGaps } from './questdb-gaps.ts';
export { askableUs, isoOfUs, usOfIso } from './instant.ts';
export { jobsOf } from './routes/jobs.ts';
export { type ReadinessReport, readinessOf } from './readiness.ts';
export {
  type AccountClock,
  type Gap,
  type GapsQuery,
  type JobsAnswer,
  gapsQuery,
  type Outage,
  type OutagesQuery,
  outagesQuery,
} from './schemas.ts';
