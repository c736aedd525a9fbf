// Who may look at the board of the queues, which is for browsers: they cannot send a bearer token by themselves. In: a request. Out: let
// in, sent on, or refused. `GET /queues?token=…` is answered once with a cookie and without the token in the address; from then on the
// cookie is enough. Everything but looking is refused, so that no other web page can make a browser do anything here: the queues are
// filled from what is missing in the database, and a hand in them would only be undone or do harm.
import { bearerMatches, FxtapeError } from '@fxtape/ops';
import { createHmac } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureAnswer } from './failure-answer.ts';
import { guard } from './guard.ts';

const COOKIE = 'fxtape_queues';
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
].join('; ');

/** For every route below `path`. */
export function queuesDoor(
  token: string | undefined,
  path: string,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const admit = guard(token);
  return async (request, reply) => {
    void reply.headers({
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') throw readOnly();
      if (token !== undefined) {
        const given = (request.query as { token?: unknown }).token;
        if (typeof given === 'string' && bearerMatches(`Bearer ${given}`, token)) {
          return reply.header('set-cookie', cookieOf(token, path)).redirect(path, 303);
        }
        if (holdsCookie(request.headers.cookie, token)) return undefined;
      }
      return await admit(request, reply);
    } catch (error) {
      // Answered here: the routes of the board have their own words for errors.
      if (!(error instanceof FxtapeError)) throw error;
      const { body, status } = failureAnswer(error);
      return reply.code(status).send(body);
    }
  };
}

/** Not the token itself: who reads the cookie learns nothing that opens another door. */
const secretOf = (token: string): string => createHmac('sha256', token).update(COOKIE).digest('base64url');

const cookieOf = (token: string, path: string): string =>
  `${COOKIE}=${secretOf(token)}; Path=${path}; HttpOnly; SameSite=Strict`;

function holdsCookie(header: string | undefined, token: string): boolean {
  const found = new RegExp(`(?:^|; *)${COOKIE}=([^;]*)`).exec(header ?? '')?.[1];
  return found !== undefined && bearerMatches(`Bearer ${found}`, secretOf(token));
}

function readOnly(): FxtapeError {
  return new FxtapeError({
    code: 'QUEUES_READ_ONLY',
    kind: 'terminal',
    message: 'the board shows the queues and changes nothing',
    hint: 'What is missing is planned by itself; `fxtape backfill` plans it now',
    context: { status: 405 },
  });
}
