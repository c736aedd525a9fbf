// Correcting what was written under another clock rule: measuring it, doing it, and going on after a kill.
export { ClockApply, type ApplyOptions } from './apply.ts';
export { APPLY_STEPS, applyJournal, type ApplyState, type ApplyStep } from './apply-state.ts';
export { isAffected, measure, type Measured } from './measure.ts';
export { serverClocks, wallClocks } from './server-clocks.ts';
