// How the gateway answers subscriptions: the order of snapshot, acknowledgement and live tick, late or missing
// acknowledgements, unknown symbols. On release the scenario's own setting holds again.

import { z } from 'zod';
import { ackOrder, snapshotOrder } from '../scenario.ts';
import type { Conditions } from '../terminal/conditions.ts';
import { type AppliedFault, defineFault, type FaultKind } from './fault.ts';

const ms = z.int().positive().optional();

/** Sets a condition until released. */
export function setUntilReleased<K extends keyof Conditions>(
  conditions: Conditions,
  name: K,
  value: Conditions[K],
): AppliedFault {
  const before = conditions[name];
  conditions[name] = value;
  return {
    applied: true,
    release: () => {
      conditions[name] = before;
    },
  };
}

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

/** The next `count` acknowledgements are not sent, although they take effect. */
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

export const SUBSCRIBING_FAULTS: readonly FaultKind[] = [order, delayAcks, swallowAcks, badSymbol];
