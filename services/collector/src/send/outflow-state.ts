// How far the sending half has come, as reports, metrics and other accounts read it. The parts of the sending half write it in place.

export interface OutflowState {
  phase: 'sending' | 'paused' | 'clock_conflict' | 'unconfirmed' | 'feed_waits' | 'stopped';
  /** Why rows wait for the clock, or for another tape; null when they do not. */
  reason: string | null;
  /** Receive times of the newest line that became rows, whose rows QuestDB answered for, and whose rows it applied. */
  readTsRecv: number | null;
  answeredTsRecv: number | null;
  appliedTsRecv: number | null;
  /** Receive time of the takeover that waits for other accounts; null when none waits. */
  waitsAtUs: number | null;
  caughtUp: boolean;
  /** Frames stored with null in an unreadable field, since the start. */
  fieldsUnreadable: number;
  /** Symbols whose ticks are stored as late. */
  delayed: readonly string[];
}

export const newOutflowState = (): OutflowState => ({
  phase: 'sending',
  reason: null,
  readTsRecv: null,
  answeredTsRecv: null,
  appliedTsRecv: null,
  waitsAtUs: null,
  caughtUp: false,
  fieldsUnreadable: 0,
  delayed: [],
});
