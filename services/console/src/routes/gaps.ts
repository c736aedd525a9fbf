// `GET /api/gaps` and `GET /api/outages`: what is missing and why, newest first. In: filters. Out: the gaps as the table view `gaps`
// has them, or grouped by the incident that caused them.
import type { FastifyInstance } from 'fastify';
import type { GapSource } from '../gap-source.ts';
import {
  failure,
  gapsAnswer,
  type GapsQuery,
  gapsQuery,
  outagesAnswer,
  type OutagesQuery,
  outagesQuery,
} from '../schemas.ts';

export function gapRoutes(app: FastifyInstance, source: GapSource): void {
  app.get<{ Querystring: GapsQuery }>(
    '/api/gaps',
    {
      schema: {
        summary: 'What is missing, and why',
        tags: ['gaps'],
        querystring: gapsQuery,
        response: { 200: gapsAnswer, 400: failure, 401: failure, 503: failure },
      },
    },
    (request) => source.gaps(request.query),
  );
  app.get<{ Querystring: OutagesQuery }>(
    '/api/outages',
    {
      schema: {
        summary: 'Gaps grouped by the incident that caused them',
        tags: ['gaps'],
        querystring: outagesQuery,
        response: { 200: outagesAnswer, 400: failure, 401: failure, 503: failure },
      },
    },
    (request) => source.outages(request.query),
  );
}
