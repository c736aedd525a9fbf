// The console's HTTP application, without the listening. In: where the collector's state, the gaps, the clocks, the jobs, the accounts and
// the metrics come from, and the guard. Out: a fastify instance with the probes open, /api, /metrics, /queues and /request behind the guard, and errors as
// {code, message, hint}.
import swagger from '@fastify/swagger';
import { FxtapeError, type HttpGuard, type Log, type Metrics } from '@fxtape/ops';
import fastify, { type FastifyInstance } from 'fastify';
import type { CollectorState } from './collector-state.ts';
import { failureAnswer } from './failure-answer.ts';
import type { GapSource } from './gap-source.ts';
import { guarded } from './guard.ts';
import type { JobSource } from './job-source.ts';
import { queueBoard } from './queue-board.ts';
import { type ReadinessReport, readinessOf } from './readiness.ts';
import { clocksRoute } from './routes/clocks.ts';
import { frontPage } from './routes/front-page.ts';
import { gapRoutes } from './routes/gaps.ts';
import type { GatewayAccounts } from './request-builder/accounts.ts';
import { requestBuilder } from './request-builder/request-builder.ts';
import { jobsRoute } from './routes/jobs.ts';
import { metricsRoute, openProbes } from './routes/probes.ts';
import { streamsRoute } from './routes/streams.ts';
import type { AccountClock } from './schemas.ts';
import { speakZod, toOpenApi } from './zod-routes.ts';

/** The probes need no token: however often they are asked, collector and QuestDB are not asked more often than this. */
const READY_MS = 500;

export interface AppOptions {
  readonly collector: () => Promise<CollectorState>;
  readonly gaps: GapSource;
  readonly clocks: () => Promise<readonly AccountClock[]>;
  readonly jobs: JobSource;
  readonly accounts: GatewayAccounts;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly guard: HttpGuard;
  /** Default: the machine's. */
  readonly monoMs?: () => number;
}

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  });
  speakZod(app);
  answerErrors(app, options.log);
  countRequests(app, options.metrics);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'fxtape console',
        version: '1',
        description: 'What is recorded, what is missing, and why.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: ({ schema, url }) => ({ schema: toOpenApi(schema ?? {}) as typeof schema, url }),
  });
  const { guard } = options;
  const readiness = askedOncePer(READY_MS, options.monoMs ?? (() => performance.now()), () =>
    askReadiness(options),
  );
  const probes = { metrics: options.metrics, readiness, guard };
  openProbes(app, probes);
  frontPage(app);
  await app.register(async (inner) => {
    inner.addHook('onRequest', guarded(guard));
    metricsRoute(inner, probes);
    streamsRoute(inner, options.collector);
    gapRoutes(inner, options.gaps);
    clocksRoute(inner, options.clocks);
    jobsRoute(inner, options.jobs);
    inner.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  await queueBoard(app, { jobs: options.jobs, guard });
  await requestBuilder(app, { accounts: options.accounts, guard, log: options.log });
  return app;
}

/** Questions that come meanwhile share an answer. */
function askedOncePer<T>(ms: number, monoMs: () => number, ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly sinceMs: number; readonly answer: Promise<T> } | null = null;
  return () => {
    const nowMs = monoMs();
    if (last === null || nowMs - last.sinceMs >= ms) last = { sinceMs: nowMs, answer: ask() };
    return last.answer;
  };
}

async function askReadiness(options: AppOptions): Promise<ReadinessReport> {
  const [collector, questdb] = await Promise.all([
    options.collector().catch(known),
    options.gaps.ping().then(() => 'answers' as const, known),
  ]);
  return readinessOf(collector, questdb);
}

function known(error: unknown): FxtapeError {
  if (error instanceof FxtapeError) return error;
  throw error;
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .send({ code: 'NOT_FOUND', message: 'there is no such path', hint: 'See /api/openapi.json' }),
  );
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof FxtapeError) {
      const { body, status } = failureAnswer(error);
      return reply.code(status).send(body);
    }
    const status = (error as { statusCode?: number }).statusCode;
    if (status !== undefined && status >= 400 && status < 500) {
      return reply
        .code(status)
        .send({ code: 'BAD_REQUEST', message: (error as Error).message, hint: 'See /api/openapi.json' });
    }
    log.error({ err: error, path: request.routeOptions.url ?? null }, 'a request failed');
    return reply
      .code(500)
      .send({ code: 'INTERNAL', message: 'the console failed to answer', hint: 'See its log' });
  });
}

function countRequests(app: FastifyInstance, metrics: Metrics): void {
  const seconds = metrics.histogram(
    'fxtape_http_request_seconds',
    'Time to answer a request.',
    ['route', 'status'],
    [0.005, 0.02, 0.1, 0.5, 2, 10],
  );
  app.addHook('onResponse', async (request, reply) => {
    seconds.observe(
      { route: request.routeOptions.url ?? 'none', status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
  });
}
