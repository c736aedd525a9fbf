// The schema of a broker's identifier (ticket, deal, order, position, magic). In: what `parseJson` made of it.
// Out: an exact integer; an integer that was rounded on the way (2^53 and beyond as a double) is refused.

import { z } from 'zod';

export const wireIdentifier = z.union([z.int(), z.bigint()]);

/** An exact integer: a number up to 2^53, a bigint beyond. */
export type WireIdentifier = z.infer<typeof wireIdentifier>;
