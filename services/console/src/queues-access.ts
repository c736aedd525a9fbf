// Access to the queue board. In: a request. Out: as in browser-access.ts. Only GET and HEAD are allowed: jobs are planned from what the
// database lacks, so a manual change would be undone or do harm, and no other web page can make a browser change anything.
import { FxtapeError, type HttpGuard } from '@fxtape/ops';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { browserAccess } from './browser-access.ts';

/** The page loads only its own files. Its web font is blocked, so that opening the board contacts no third party. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** For every route below `path`. */
export function queuesAccess(
  guard: HttpGuard,
  path: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return browserAccess({ guard, path, cookie: 'fxtape_queues', policy: POLICY, refuse: readOnly });
}

function readOnly({ method }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw new FxtapeError({
    code: 'QUEUES_READ_ONLY',
    message: 'the queue board is read-only',
    context: { status: 405 },
  });
}
