// Faults of the socket: closed, reset, stalled, not read, taken over by another client, or its upgrade refused.

import { z } from 'zod';
import {
  countUntilReleased,
  defineFault,
  type FaultKind,
  holdName,
  ms,
  nothingThere,
  over,
} from './fault.ts';

/** The server closes the socket with a code. */
const close = defineFault(
  'close',
  z.strictObject({
    code: z.int().min(1000).max(4999).default(1011),
    reason: z.string().max(120).default(''),
  }),
  ({ connection }, { code, reason }) => {
    if (connection === null) return nothingThere;
    connection.close(code, reason, 'close');
    return over;
  },
);

/** TCP reset without a closing handshake. */
const reset = defineFault('reset', z.strictObject({}), ({ connection }) => {
  if (connection === null) return nothingThere;
  connection.reset('reset');
  return over;
});

/**
 * Neither reads nor writes but keeps the TCP connection open. Frames wait in the queue under its ordinary limit and go out on release if the
 * client is still there.
 */
const halfOpen = defineFault('half_open', z.strictObject({ ms }), ({ connection }) => {
  if (connection === null) return nothingThere;
  const name = holdName('half_open');
  connection.outbox.hold(name);
  connection.stopReading();
  return {
    applied: true,
    release: () => {
      connection.resumeReading();
      connection.outbox.release(name);
    },
  };
});

/** The server does not read: it ignores requests, pings and close frames, while ticks keep coming. */
const slowRead = defineFault('slow_read', z.strictObject({ ms }), ({ connection }) => {
  if (connection === null) return nothingThere;
  connection.stopReading();
  return { applied: true, release: () => connection.resumeReading() };
});

/** A second client of the account: the socket is replaced now, and its successors `afterMs` after they opened. */
const evict = defineFault(
  'evict',
  z.strictObject({ count: z.int().positive().default(1), afterMs: z.int().nonnegative().default(0), ms }),
  (terminal, { count, afterMs }) => {
    const { connection, conditions } = terminal;
    const now = connection !== null;
    connection?.evict();
    conditions.evictions = { remaining: now ? count - 1 : count, afterMs };
    return {
      applied: true,
      release: () => {
        conditions.evictions = null;
      },
    };
  },
);

/** Refuses upgrades with an HTTP status, as while a terminal restarts. */
const refuseUpgrade = defineFault(
  'refuse_upgrade',
  z.strictObject({
    status: z.int().min(400).max(599).default(503),
    ms,
    /** Number of upgrades that it refuses. */
    count: z.int().positive().optional(),
    /** Also resets the socket that is open now. */
    dropOpen: z.boolean().default(false),
  }),
  ({ conditions, connection }, { status, count, dropOpen }) => {
    const refusing = countUntilReleased(conditions, 'refuseUpgrade', { status, remaining: count ?? null });
    if (dropOpen) connection?.reset('refuse_upgrade');
    return refusing;
  },
);

export const CONNECTION_FAULTS: readonly FaultKind[] = [
  close,
  reset,
  halfOpen,
  slowRead,
  evict,
  refuseUpgrade,
];
