// Correcting rows that were written with another clock rule: estimating, doing it, resuming after a kill, and rolling back.
export { ClockApply, type ApplyOptions } from './apply.ts';
export { applyOwner } from './apply-owner.ts';
export { ApplyJournal, type ApplyState, type ServerClock } from './apply-state.ts';
export { dropOldTables } from './drop-old.ts';
export { isAffected, measure, type Measured } from './measure.ts';
export { sameClocks, serverClocks, wallClocks } from './server-clocks.ts';
export { strandedIds, takeBack } from './take-back.ts';
