// A stream's state for people and programs that look at it from outside. It holds no key and no address.

import type { SubscriptionsSnapshot } from './subscription-tracker.ts';

export type SessionPhase =
  | 'idle'
  | 'connecting'
  | 'subscribing'
  | 'live'
  | 'stalled'
  | 'contended'
  | 'backing_off'
  | 'paused'
  | 'closed';

export interface SessionSnapshot extends SubscriptionsSnapshot {
  phase: SessionPhase;
  reason: string;
  /** How long it has been so, ms. For an open connection: since it was opened. */
  sinceAgoMs: number;
  conn: number;
  /** Failed attempts in a row. */
  attempts: number;
  /** Null when there is no connection, or no heartbeat was confirmed on it. */
  heartbeatAgoMs: number | null;
  /** `list` requests in a row that got no answer, or one that could not be read. */
  listUnanswered: number;
}

export interface StreamSnapshot extends SessionSnapshot {
  /** Since when it has been so, wall clock, microseconds UTC. */
  sinceUs: number;
  /** How long ago the last frame came; null before the first. */
  lastFrameAgoMs: number | null;
  /** What waits for the consumer; the batch in its hands is not counted. */
  buffered: { items: number; bytes: number };
  /** True while reading from the socket is stopped by full buffers. */
  readingPaused: boolean;
}
