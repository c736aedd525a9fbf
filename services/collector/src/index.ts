// The parts of the collector that other programs may use to find an account and to read a tape as it does.
export { findAccount } from './find-account.ts';
export { Intake } from './intake.ts';
export { TapeMemory } from './tape-memory.ts';
export { type TapeOwner, tapeOwner } from './tape-owner.ts';
export { TapeReader } from './tape-reader.ts';
export { FeedOrder } from './feed-order.ts';
export { Retirement, type RetireOptions } from './retire.ts';
