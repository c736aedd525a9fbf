// The guard of every port (`HttpGuard`) as the console's routes ask it.
import type { HttpGuard } from '@fxtape/ops';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Throws the refusal. */
export function guarded(
  guard: HttpGuard,
): (request: FastifyRequest, reply: FastifyReply) => Promise<undefined> {
  return async (request, reply) => {
    const refusal = guard.refusal(request);
    if (refusal === null) return undefined;
    if (refusal.context['status'] === 401) void reply.header('www-authenticate', 'Bearer');
    throw refusal;
  };
}
