// Faults of the broker's clock as the wire shows it: ticks without milliseconds, a `serverTime` that stands still.

import { z } from 'zod';
import { defineFault, type FaultKind } from './fault.ts';
import { setUntilReleased } from './subscribing.ts';

const ms = z.int().positive().optional();

const wholeSeconds = defineFault(
  'whole_seconds',
  z.strictObject({ on: z.boolean().default(true), ms }),
  ({ conditions }, { on }) => setUntilReleased(conditions, 'wholeSeconds', on),
);

const freezeServerTime = defineFault('freeze_server_time', z.strictObject({ ms }), (terminal) =>
  setUntilReleased(terminal.conditions, 'frozenAtUtcMs', terminal.nowUtcMs()),
);

export const CLOCK_FAULTS: readonly FaultKind[] = [wholeSeconds, freezeServerTime];
