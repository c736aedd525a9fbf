// The parts of the service that tests and benchmarks assemble themselves.
export { AccountContexts } from './context/account-context.ts';
export { backfillHandlers } from './handlers.ts';
export { HEAL_TIMING, type HealTiming } from './heal/heal-context.ts';
export { type BackfillParts, backfillParts } from './context/parts.ts';
