// The parts of the collector that other programs may use to read a tape as it does.
export { Intake } from './intake.ts';
export { TapeMemory } from './tape-memory.ts';
export { TapeReader } from './tape-reader.ts';
