// Canned and broken REST answers: any status and body, late, or cut off in the middle.

import { z } from 'zod';
import type { RestFault } from '../conditions.ts';
import { defineFault, type FaultKind, ms } from './fault.ts';

const rest = defineFault(
  'rest',
  z.strictObject({
    /** End of the request's path, such as `/PriceHistory` or `/v1/accounts`. */
    path: z.string().startsWith('/'),
    status: z.int().min(200).max(599).default(500),
    /** A string is sent unchanged, anything else as JSON. */
    body: z.unknown().default(''),
    headers: z.record(z.string(), z.string()).default({}),
    delayMs: z.int().nonnegative().default(0),
    truncateBytes: z.int().nonnegative().optional(),
    /** Number of requests that it answers. */
    count: z.int().positive().optional(),
    ms,
  }),
  ({ conditions }, given) => {
    const fault: RestFault = {
      path: given.path,
      status: given.status,
      body: typeof given.body === 'string' ? given.body : JSON.stringify(given.body),
      headers: { 'content-type': contentType(given.body), ...given.headers },
      delayMs: given.delayMs,
      truncateBytes: given.truncateBytes ?? null,
      remaining: given.count ?? null,
    };
    conditions.rest.unshift(fault);
    return {
      applied: true,
      release: () => {
        conditions.rest = conditions.rest.filter((one) => one !== fault);
      },
    };
  },
);

const contentType = (body: unknown): string =>
  typeof body === 'string' && body.startsWith('<') ? 'text/html' : 'application/json';

export const REST_FAULTS: readonly FaultKind[] = [rest];
