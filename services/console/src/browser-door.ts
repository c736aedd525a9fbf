// Who may open a page for people in a browser, which cannot send a bearer token by itself. In: a request. Out: let in, sent on, or refused.
// `GET <path>?token=…` is answered once with a cookie and without the token in the address; from then on the cookie is enough. Each page has
// a cookie of its own, which opens nothing else.
import { bearerMatches, foreignPage, FxtapeError, type HttpGuard } from '@fxtape/ops';
import { createHmac } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureAnswer } from './failure-answer.ts';
import { guarded } from './guard.ts';

export interface BrowserDoor {
  readonly guard: HttpGuard;
  /** Everything below it is behind this door. */
  readonly path: string;
  readonly cookie: string;
  /** What the page may load and do, as a Content-Security-Policy. */
  readonly policy: readonly string[];
  /** Throws what the page does not take at all. */
  readonly refuse: (request: FastifyRequest) => void;
}

/** For every route below `path`. */
export function browserDoor(
  o: BrowserDoor,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const { path } = o;
  const { token } = o.guard;
  const admit = guarded(o.guard);
  const policy = o.policy.join('; ');
  return async (request, reply) => {
    void reply.headers({
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    try {
      o.refuse(request);
      if (token !== undefined) {
        const given = (request.query as { token?: unknown }).token;
        if (typeof given === 'string' && bearerMatches(`Bearer ${given}`, token)) {
          const cookie = `${o.cookie}=${secretOf(token, o.cookie)}; Path=${path}; HttpOnly; SameSite=Strict`;
          return reply.header('set-cookie', cookie).redirect(path, 303);
        }
        // Browsers send it along whatever the port of the page that asks, so it opens nothing to another page.
        const isOurs = foreignPage(request.headers) === null;
        if (isOurs && holdsCookie(request.headers.cookie, token, o.cookie)) return undefined;
      }
      return await admit(request, reply);
    } catch (error) {
      // Answered here: the routes of a page may have their own words for errors.
      if (!(error instanceof FxtapeError)) throw error;
      const { body, status } = failureAnswer(error);
      return reply.code(status).send(body);
    }
  };
}

/** Not the token itself: who reads the cookie learns nothing that opens another door. */
const secretOf = (token: string, cookie: string): string =>
  createHmac('sha256', token).update(cookie).digest('base64url');

function holdsCookie(header: string | undefined, token: string, cookie: string): boolean {
  const found = new RegExp(`(?:^|; *)${cookie}=([^;]*)`).exec(header ?? '')?.[1];
  return found !== undefined && bearerMatches(`Bearer ${found}`, secretOf(token, cookie));
}
