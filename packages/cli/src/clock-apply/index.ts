// Correcting what was written under another clock rule: measuring it, doing it, going on after a kill, and putting it back.
export { ClockApply, type ApplyOptions } from './apply.ts';
export { applyOwner } from './apply-owner.ts';
export { ApplyJournal, type ApplyState, type ServerClock } from './apply-state.ts';
export { dropOldTables } from './drop-old.ts';
export { isAffected, measure, type Measured } from './measure.ts';
export { sameClocks, serverClocks, wallClocks } from './server-clocks.ts';
export { strandedIds, takeBack } from './take-back.ts';
