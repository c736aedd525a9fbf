// The public surface of the replay: the simulator's gateway over a recording.
export type { ReplaySummary } from './player.ts';
export type {
  HistoryAnswer,
  HistoryRange,
  RecordedCut,
  RecordedDamage,
  RecordedFacts,
  RecordedFrame,
  RecordedItem,
  RecordedStreams,
} from './recording.ts';
export { type Replay, type ReplayOptions, startReplay } from './start-replay.ts';
