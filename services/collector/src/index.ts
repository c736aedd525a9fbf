// The parts of the collector that other programs may use to find an account and to read a tape as it does.
export { findAccount } from './start/find-account.ts';
export { Intake } from './intake/intake.ts';
export { TapeMemory, type TapeOwner, tapeOwner } from './tape/tape-memory.ts';
export { TapeReader } from './rows/tape-reader.ts';
export { FeedOrder } from './feed/feed-order.ts';
export { Retirement, type RetireOptions } from './retire.ts';
