// The public surface of @fxtape/market: everything that is pure.
export * from './clock-rule.ts';
export * from './time.ts';
export * from './bound.ts';
export * from './heartbeat-judge.ts';
export * from './ledger.ts';
export * from './ledger-notes.ts';
export * from './ledger-state.ts';
export * from './mark.ts';
export * from './normalise.ts';
export * from './records.ts';
export * from './stream-key.ts';
export * from './tape-event.ts';
export * from './tick-marker.ts';
export * from './wire.ts';
export * from './clock-span.ts';
export * from './pass-tracker.ts';
export * from './ledger-rows.ts';
