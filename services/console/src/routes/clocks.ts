// `GET /api/clocks`: which clock each broker keeps, how sure that is, and what would settle it. In: what is known of the clocks. Out: the
// same as `fxtape clock --json`.
import type { FastifyInstance } from 'fastify';
import { type AccountClock, clocksAnswer, clocksQuery, failure } from '../schemas.ts';

export function clocksRoute(app: FastifyInstance, clocks: () => Promise<readonly AccountClock[]>): void {
  app.get<{ Querystring: { account?: string } }>(
    '/api/clocks',
    {
      schema: {
        summary: 'The clock rule of each broker, how certain it is, and what would settle it',
        tags: ['clocks'],
        querystring: clocksQuery,
        response: { 200: clocksAnswer, 400: failure, 401: failure, 503: failure },
      },
    },
    async ({ query }) => ({
      accounts: (await clocks()).filter(({ account }) => account === (query.account ?? account)),
    }),
  );
}
