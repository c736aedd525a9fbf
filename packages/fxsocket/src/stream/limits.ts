// Time-outs, intervals and buffer sizes of a stream. The defaults are for the real gateway; tests shorten them.

export interface StreamLimits {
  /** Time-out of the upgrade, ms. */
  connectTimeoutMs: number;
  /** An unanswered request is sent again after this, ms. */
  ackTimeoutMs: number;
  /** After this many requests without an answer the subscription has failed until the next audit. */
  ackTries: number;
  /** How long to wait for late answers to repeated requests of a topic, ms. */
  lateAckMs: number;
  /** Interval of the audit, ms: it asks for the server's list and tries failed subscriptions again. */
  auditEveryMs: number;
  /** Longest silence of heartbeats before the connection counts as stalled, ms. */
  heartbeatMs: number;
  /** While stalled, everything is subscribed again after `heartbeatMs`, then twice that, and so on up to this, ms. */
  stalledRetryMaxMs: number;
  /** A silence of all bytes after which a ping is sent, ms. */
  pingAfterMs: number;
  /** A silence of all bytes, pongs included, after which the connection counts as dead (half-open), ms. */
  deadAfterMs: number;
  /** A ping is sent at least this often, ms. */
  pingEveryMs: number;
  /** Time-out of the closing handshake, ms. */
  closeTimeoutMs: number;
  /** First delay between attempts, ms; it doubles with each failure. */
  backoffMinMs: number;
  backoffMaxMs: number;
  /** The longest `Retry-After` of a refused upgrade that is honoured, ms. */
  retryAfterMaxMs: number;
  /** A connection that ends within this time of becoming live counts as evicted, ms. */
  contendedWithinMs: number;
  /** This many evictions in a row make the account contended. */
  contendedAfter: number;
  /** Delay between attempts while contended, ms. */
  contendedRetryMs: number;
  /** A timer that fires this late shows that this process was blocked, so a silence proves nothing, ms. */
  lateTimerMs: number;
  /** Reading from the socket stops above `high…` and resumes at `low…`. */
  highItems: number;
  lowItems: number;
  highBytes: number;
  lowBytes: number;
  /** Frames count as congested for this long after the buffers were full or this process was blocked, ms. */
  congestedHoldMs: number;
  /** The largest frame that is accepted, bytes; a larger one ends the connection. */
  maxFrameBytes: number;
}

export const defaultLimits: StreamLimits = {
  connectTimeoutMs: 10_000,
  ackTimeoutMs: 10_000,
  ackTries: 3,
  lateAckMs: 2_000,
  auditEveryMs: 60_000,
  heartbeatMs: 3_000,
  stalledRetryMaxMs: 60_000,
  pingAfterMs: 3_000,
  deadAfterMs: 10_000,
  pingEveryMs: 20_000,
  closeTimeoutMs: 2_000,
  backoffMinMs: 250,
  backoffMaxMs: 10_000,
  retryAfterMaxMs: 300_000,
  contendedWithinMs: 10_000,
  contendedAfter: 3,
  contendedRetryMs: 60_000,
  lateTimerMs: 1_000,
  highItems: 65_536,
  lowItems: 16_384,
  highBytes: 32 * 1024 * 1024,
  lowBytes: 8 * 1024 * 1024,
  congestedHoldMs: 1_000,
  maxFrameBytes: 8 * 1024 * 1024,
};
