// Access to a page in a browser, which cannot send a bearer token by itself. In: a request. Out: admitted, redirected or refused. The first
// `GET <path>?token=…` sets a cookie and redirects to the path without the token; from then on the cookie is enough. Each page has its own
// cookie, which is valid for that page only.
import { bearerMatches, foreignPage, FxtapeError, type HttpGuard } from '@fxtape/ops';
import { createHmac } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureAnswer } from './failure-answer.ts';
import { guarded } from './guard.ts';

export interface BrowserAccess {
  readonly guard: HttpGuard;
  /** The access rules hold for every route below it. */
  readonly path: string;
  readonly cookie: string;
  /** What the page may load and do, as a Content-Security-Policy. */
  readonly policy: readonly string[];
  /** Throws for requests that the page never accepts. */
  readonly refuse: (request: FastifyRequest) => void;
}

/** For every route below `path`. */
export function browserAccess(
  o: BrowserAccess,
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
        // Browsers send cookies whatever the port of the requesting page, so the cookie alone admits no other page.
        const isOurs = foreignPage(request.headers) === null;
        if (isOurs && holdsCookie(request.headers.cookie, token, o.cookie)) return undefined;
      }
      return await admit(request, reply);
    } catch (error) {
      // Answered here, because the routes of a page may format errors differently.
      if (!(error instanceof FxtapeError)) throw error;
      const { body, status } = failureAnswer(error);
      return reply.code(status).send(body);
    }
  };
}

/** Derived from the token, so that reading the cookie does not reveal the token. */
const secretOf = (token: string, cookie: string): string =>
  createHmac('sha256', token).update(cookie).digest('base64url');

function holdsCookie(header: string | undefined, token: string, cookie: string): boolean {
  const found = new RegExp(`(?:^|; *)${cookie}=([^;]*)`).exec(header ?? '')?.[1];
  return found !== undefined && bearerMatches(`Bearer ${found}`, secretOf(token, cookie));
}
