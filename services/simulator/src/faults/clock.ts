// Faults of the times on the wire: ticks without milliseconds or with another time, a frozen `serverTime`.

import { z } from 'zod';
import { defineFault, type FaultKind, ms, nothingThere, setUntilReleased } from './fault.ts';

const wholeSeconds = defineFault(
  'whole_seconds',
  z.strictObject({ on: z.boolean().default(true), ms }),
  ({ conditions }, { on }) => setUntilReleased(conditions, 'wholeSeconds', on),
);

const freezeServerTime = defineFault('freeze_server_time', z.strictObject({ ms }), (terminal) =>
  setUntilReleased(terminal.conditions, 'frozenAtUtcMs', terminal.nowUtcMs()),
);

/** The next `count` ticks of a symbol, or all of them, state a time that is off: a delayed symbol, or a tick of another hour. */
const otherTime = defineFault(
  'other_time',
  z.strictObject({ symbol: z.string(), byMs: z.int(), count: z.int().positive().optional(), ms }),
  ({ conditions, market }, { byMs, count, symbol }) => {
    const index = market.indexOf(symbol);
    if (index === -1) return nothingThere;
    conditions.otherTimes.set(index, { byMs, remaining: count ?? null });
    return { applied: true, release: () => void conditions.otherTimes.delete(index) };
  },
);

export const CLOCK_FAULTS: readonly FaultKind[] = [wholeSeconds, freezeServerTime, otherTime];
