// The schema of a broker's identifier (ticket, deal, order, position, magic). In: a value from `parseJson`. Out: an exact integer; a double
// of 2^53 or more, which may have been rounded, is refused.

import { z } from 'zod';

export const wireIdentifier = z.union([z.int(), z.bigint()]);

/** An exact integer: a number below 2^53, otherwise a bigint. */
export type WireIdentifier = z.infer<typeof wireIdentifier>;
