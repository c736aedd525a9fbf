// The gateway answers the upgrade with an HTTP status instead of a socket, as while a terminal restarts.

import { z } from 'zod';
import { defineFault, type FaultKind } from './fault.ts';

const refuseUpgrade = defineFault(
  'refuse_upgrade',
  z.strictObject({
    status: z.int().min(400).max(599).default(503),
    ms: z.int().positive().optional(),
    /** Refuses this many and then no more. */
    count: z.int().positive().optional(),
    /** Also resets the socket that is open now. */
    dropOpen: z.boolean().default(false),
  }),
  ({ conditions, connection }, { status, count, dropOpen }) => {
    const refusal = { status, remaining: count ?? null };
    conditions.refuseUpgrade = refusal;
    if (dropOpen) connection?.reset('refuse_upgrade');
    return {
      applied: true,
      release: () => {
        if (conditions.refuseUpgrade === refusal) conditions.refuseUpgrade = null;
      },
    };
  },
);

export const UPGRADE_FAULTS: readonly FaultKind[] = [refuseUpgrade];
