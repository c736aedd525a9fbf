// Refuses upgrades with an HTTP status, as while a terminal restarts.

import { z } from 'zod';
import { countUntilReleased, defineFault, type FaultKind, ms } from './fault.ts';

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

export const UPGRADE_FAULTS: readonly FaultKind[] = [refuseUpgrade];
