// How far the sending half has come. Its parts write it in place; reports, metrics and other accounts read it.

export class OutflowState {
  phase: 'sending' | 'paused' | 'clock_conflict' | 'unconfirmed' | 'feed_waits' | 'stopped' = 'sending';
  /** Why rows wait for the clock, or for another tape; null when they do not. */
  reason: string | null = null;
  /** Receive times of the newest line that became rows, whose rows QuestDB answered for, and whose rows it applied. */
  readTsRecv: number | null = null;
  answeredTsRecv: number | null = null;
  appliedTsRecv: number | null = null;
  /** Receive time of the takeover that waits for other accounts; null when none waits. */
  waitsAtUs: number | null = null;
  caughtUp = false;
  /** Frames stored with null in an unreadable field, since the start. */
  fieldsUnreadable = 0;
  /** Symbols whose ticks are stored as late. */
  delayed: readonly string[] = [];
}
