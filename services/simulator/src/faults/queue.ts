// A slow client, or a server that believes so: frames wait, then are dropped, heartbeats included; a `warning` reports how many, or the socket is
// reset before that.

import { z } from 'zod';
import type { Connection } from '../socket/connection.ts';
import type { QueueRule } from '../socket/outbox.ts';
import { defineFault, type FaultKind, holdName, ms, nothingThere } from './fault.ts';

/** Time for the last bytes to reach the client before a reset discards what was not delivered. */
const FLUSH_MS = 30;

const parameters = z.strictObject({
  mode: z.enum(['drop_newest', 'drop_oldest', 'reset_before_warning']).default('drop_newest'),
  /** Ends when this many frames were dropped … */
  count: z.int().positive().optional(),
  /** … or after this time; with neither, when it is released. */
  ms,
  /** Queue length at which dropping begins. */
  queueFrames: z.int().nonnegative().default(50),
  /** Where the `warning` goes: behind all queued frames, or where frames are missing. */
  warning: z.enum(['last', 'in_place']).default('last'),
  /** For `reset_before_warning`: which frames are dropped, and whether the queued ones arrive before the reset. */
  policy: z.enum(['drop_newest', 'drop_oldest']).default('drop_newest'),
  survivors: z.enum(['delivered', 'lost']).default('delivered'),
});

type Parameters = z.output<typeof parameters>;

const end = (connection: Connection, name: string, { mode, survivors }: Parameters): void => {
  if (!connection.open) return;
  if (mode !== 'reset_before_warning') {
    connection.outbox.release(name);
    return;
  }
  connection.outbox.forgetDropped();
  if (survivors === 'lost') {
    connection.reset('withhold');
    return;
  }
  connection.outbox.release(name);
  connection.outbox.hold(holdName('before_reset'));
  setTimeout(() => connection.reset('withhold'), FLUSH_MS);
};

const withhold = defineFault('withhold', parameters, ({ connection }, given) => {
  if (connection === null) return nothingThere;
  const name = holdName('withhold');
  let ended = false;
  const stop = (): void => {
    if (ended) return;
    ended = true;
    end(connection, name, given);
  };
  const rule: QueueRule = {
    limit: given.queueFrames,
    policy: given.mode === 'reset_before_warning' ? given.policy : given.mode,
    warning: given.warning,
    ...(given.count === undefined ? {} : { enough: { dropped: given.count, stop } }),
  };
  connection.outbox.hold(name, rule);
  return { applied: true, release: stop };
});

/**
 * Drops ticks while everything else, heartbeats included, is sent on time. A `warning` reports their number: at the end, or before each heartbeat, so
 * that no drop is unreported when a heartbeat has passed.
 */
const dropTicks = defineFault(
  'drop_ticks',
  z.strictObject({
    tells: z.enum(['at_end', 'before_heartbeats']).default('at_end'),
    ms,
  }),
  ({ connection }, { tells }) =>
    connection === null ? nothingThere : { applied: true, release: connection.dropTicks(tells) },
);

export const QUEUE_FAULTS: readonly FaultKind[] = [withhold, dropTicks];
