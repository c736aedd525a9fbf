// `/healthz`, `/readyz` and `/metrics`: what supervisors and Prometheus ask. In: how to get the readiness, and the metrics. Out: 200
// or 503, with the reasons for whom the guard tells them, and the exposition text.
import type { HttpGuard, Metrics } from '@fxtape/ops';
import type { FastifyInstance } from 'fastify';
import type { ReadinessReport } from '../readiness.ts';
import { health, readiness } from '../schemas.ts';

export interface ProbeOptions {
  readonly metrics: Metrics;
  readonly readiness: () => Promise<ReadinessReport>;
  readonly guard: HttpGuard;
}

/** Routes that need no token. */
export function openProbes(app: FastifyInstance, options: ProbeOptions): void {
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Whether the process runs',
        tags: ['probes'],
        security: [],
        response: { 200: health },
      },
    },
    async () => ({ status: 'up' as const }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Whether every configured stream is live',
        tags: ['probes'],
        security: [],
        response: { 200: readiness, 503: readiness },
      },
    },
    async (request, reply) => {
      const report = await options.readiness();
      const told = options.guard.tellsReasons(request) ? report : { ready: report.ready };
      return reply.code(report.ready ? 200 : 503).send(told);
    },
  );
}

export function metricsRoute(app: FastifyInstance, options: ProbeOptions): void {
  const ready = options.metrics.gauge(
    'fxtape_ready',
    'Whether every configured stream is live (1) or not (0).',
  );
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', tags: ['probes'] } },
    async (_request, reply) => {
      ready.set((await options.readiness()).ready ? 1 : 0);
      return reply
        .type(options.metrics.contentType)
        .serializer(String)
        .send(await options.metrics.text());
    },
  );
}
