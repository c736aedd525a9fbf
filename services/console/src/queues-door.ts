// The door of the board of the queues. In: a request. Out: as browser-door.ts says. Everything but looking is refused, so that no other web
// page can make a browser do anything here: the queues are filled from what is missing in the database, and a hand in them would only be
// undone or do harm.
import { FxtapeError, type HttpGuard } from '@fxtape/ops';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { browserDoor } from './browser-door.ts';

/** The page brings everything itself; its font from elsewhere is left out, so that looking at it tells nobody. */
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
export function queuesDoor(
  guard: HttpGuard,
  path: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return browserDoor({ guard, path, cookie: 'fxtape_queues', policy: POLICY, refuse: onlyLooking });
}

function onlyLooking({ method }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  throw new FxtapeError({
    code: 'QUEUES_READ_ONLY',
    message: 'the board shows the queues and changes nothing',
    context: { status: 405 },
  });
}
