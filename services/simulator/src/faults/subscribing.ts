// Faults of subscribing: the order of snapshot, acknowledgement and live tick, late snapshots, late or missing acknowledgements, unknown symbols. On
// release the scenario's setting applies again.

import { z } from 'zod';
import { Random } from '../prices/random.ts';
import { ackOrder, snapshotOrder } from '../scenario.ts';
import { defineFault, type FaultKind, ms, setUntilReleased } from './fault.ts';

const order = defineFault(
  'snapshot_order',
  z.strictObject({ order: snapshotOrder.default('plain'), ack: ackOrder.default('before_snapshot'), ms }),
  ({ conditions }, given) => {
    const snapshot = setUntilReleased(conditions, 'snapshotOrder', given.order);
    const ack = setUntilReleased(conditions, 'ackOrder', given.ack);
    return {
      applied: true,
      release: () => {
        snapshot.release?.();
        ack.release?.();
      },
    };
  },
);

const delayAcks = defineFault(
  'delay_acks',
  z.strictObject({ ackDelayMs: z.int().nonnegative(), ms }),
  ({ conditions }, { ackDelayMs }) => setUntilReleased(conditions, 'ackDelayMs', ackDelayMs),
);

/** Snapshots come this long after their acknowledgement and state the tick of that time or the newest, at random. Live ticks do not wait. */
const linger = defineFault(
  'linger_snapshots',
  z.strictObject({
    fromMs: z.int().nonnegative().default(0),
    toMs: z.int().nonnegative().default(20_000),
    ms,
  }),
  ({ conditions, seed }, { fromMs, toMs }) => {
    const random = new Random(seed, 'linger_snapshots');
    return setUntilReleased(conditions, 'lingering', () => ({
      ms: fromMs + random.below(Math.max(1, toMs - fromMs)),
      states: random.next() < 0.5 ? 'asked' : 'newest',
    }));
  },
);

/** The next `count` requests take effect without an acknowledgement. */
const swallowAcks = defineFault(
  'swallow_acks',
  z.strictObject({ count: z.int().positive().default(1), ms }),
  ({ conditions }, { count }) => setUntilReleased(conditions, 'swallowAcks', count),
);

const badSymbol = defineFault(
  'bad_symbol',
  z.strictObject({ answer: z.enum(['error', 'silent_ack']), ms }),
  ({ conditions }, { answer }) => setUntilReleased(conditions, 'badSymbol', answer),
);

export const SUBSCRIBING_FAULTS: readonly FaultKind[] = [order, delayAcks, linger, swallowAcks, badSymbol];
