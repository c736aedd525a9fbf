// The state of a stream for display and monitoring. It contains neither key nor address.

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
  /** How long the phase has lasted, ms; for an open connection since it opened. */
  sinceAgoMs: number;
  conn: number;
  /** Failed attempts in a row. */
  attempts: number;
  /** Null without a connection or before its first heartbeat. */
  heartbeatAgoMs: number | null;
  /** `list` requests in a row without a readable answer. */
  listUnanswered: number;
}

export interface StreamSnapshot extends SessionSnapshot {
  /** Start of the phase: wall clock, microseconds UTC. */
  sinceUs: number;
  /** Age of the last frame, ms; null before the first. */
  lastFrameAgoMs: number | null;
  /** What waits for the consumer, without the batch it is processing. */
  buffered: { items: number; bytes: number };
  /** True while full buffers stop reading from the socket. */
  readingPaused: boolean;
}
