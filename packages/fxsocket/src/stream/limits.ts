// The numbers a stream lives by: time-outs, intervals, buffer sizes. Defaults are for the real gateway; tests shorten them.

export interface StreamLimits {
  /** An upgrade that is not answered by then is given up, ms. */
  connectTimeoutMs: number;
  /** An unanswered subscribe request is sent again after this, ms. */
  ackTimeoutMs: number;
  /** After this many attempts the subscription counts as failed until the next audit. */
  ackTries: number;
  /** How long an answer to an earlier, timed-out request of the same topic is still waited for, ms. */
  lateAckMs: number;
  /** `list` is asked at this interval and after each round of requests; failed subscriptions are then tried again, ms. */
  auditEveryMs: number;
  /** A silence of heartbeats beyond this is a break, ms. */
  heartbeatMs: number;
  /** While a break lasts, everything is requested again after `heartbeatMs`, then twice that, …, at most this, ms. */
  stalledRetryMaxMs: number;
  /** No byte for this long: a protocol ping, ms. */
  pingAfterMs: number;
  /** No byte for this long, pings included: the connection is dead (half-open), ms. */
  deadAfterMs: number;
  /** A protocol ping at least this often, ms. */
  pingEveryMs: number;
  /** A closing handshake that takes longer is cut, ms. */
  closeTimeoutMs: number;
  /** First back-off, ms; it doubles with each failed attempt. */
  backoffMinMs: number;
  backoffMaxMs: number;
  /** The longest `Retry-After` of a refused upgrade that is honoured, ms. */
  retryAfterMaxMs: number;
  /** A connection that ends sooner after becoming live counts as evicted, ms. */
  contendedWithinMs: number;
  /** This many of those in a row make the account contended. */
  contendedAfter: number;
  /** Pace of attempts while contended, ms. */
  contendedRetryMs: number;
  /** A timer that fires this late shows that this process itself was held up: the silence proves nothing, ms. */
  lateTimerMs: number;
  /** Reading from the socket stops above `high…` and goes on at `low…`. */
  highItems: number;
  lowItems: number;
  highBytes: number;
  lowBytes: number;
  /** Frames still count as congested for this long after the buffers were full or this process was held up, ms. */
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
