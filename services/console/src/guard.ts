// Who may read. In: the address the console listens on and the token, if there is one. Out: a check for /api and /metrics: with a
// token, requests must carry it; without one the console listens on loopback only, and then the name in the Host header must be a
// loopback one too, so that a web page on a foreign name that resolves to this machine reads nothing.
import { bearerMatches, FxtapeError, isLoopback, parseListenAddr } from '@fxtape/ops';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** @throws CONSOLE_TOKEN_REQUIRED when `addr` is reachable from elsewhere and there is no token; HTTP_ADDR_INVALID. */
export function requireTokenBeyondLoopback(addr: string, token: string | undefined): void {
  const { host } = parseListenAddr(addr);
  if (isLoopback(host) || token !== undefined) return;
  throw new FxtapeError({
    code: 'CONSOLE_TOKEN_REQUIRED',
    kind: 'terminal',
    message: `the console would listen on ${addr}, where other machines reach it, without a token`,
    hint: 'Set FXTAPE_API_TOKEN (or FXTAPE_API_TOKEN_FILE), or listen on 127.0.0.1',
    context: { addr },
  });
}

export function guard(
  token: string | undefined,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    if (token === undefined) {
      if (isLoopback(hostName(request.headers.host))) return;
      throw refused(
        403,
        'HOST_NOT_ALLOWED',
        'this console has no token and answers to loopback names only',
        'Use http://127.0.0.1, or set FXTAPE_API_TOKEN',
      );
    }
    if (bearerMatches(request.headers.authorization, token)) return;
    void reply.header('www-authenticate', 'Bearer');
    throw refused(
      401,
      'UNAUTHORIZED',
      'the bearer token is missing or wrong',
      'Send the header Authorization: Bearer with the value of FXTAPE_API_TOKEN',
    );
  };
}

function refused(status: number, code: string, message: string, hint: string): FxtapeError {
  return new FxtapeError({ code, kind: 'terminal', message, hint, context: { status } });
}

function hostName(header: string | undefined): string {
  return (header ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}
