// `GET /api/jobs`: how much work waits for each account, what its budget is, who works and what failed last. In: a report of the queues.
// Out: the same in the words of the API. There is nothing to change here: jobs are planned from what is missing.
import type { QueueReport } from '@fxtape/jobs';
import type { FastifyInstance } from 'fastify';
import { isoOfUs } from '../instant.ts';
import type { JobSource } from '../job-source.ts';
import { failure, type JobsAnswer, jobsAnswer, jobsQuery } from '../schemas.ts';

export function jobsRoute(app: FastifyInstance, jobs: JobSource): void {
  app.get<{ Querystring: { account?: string } }>(
    '/api/jobs',
    {
      schema: {
        summary: 'Waiting, running and failed jobs of each account',
        tags: ['jobs'],
        querystring: jobsQuery,
        response: { 200: jobsAnswer, 400: failure, 401: failure, 503: failure },
      },
    },
    async (request) => jobsOf(await jobs.report(), request.query.account),
  );
}

/** `account` keeps only that one. */
export function jobsOf(report: QueueReport, account?: string): JobsAnswer {
  const accounts = report.accounts.filter((entry) => account === undefined || entry.account === account);
  return {
    plan_requests: report.planRequests,
    accounts: accounts.map((entry) => ({
      account: entry.account,
      waiting: entry.waiting,
      active: entry.active,
      delayed: entry.delayed,
      failed: entry.failed,
      oldest_waiting_ms: entry.oldestWaitingMs,
      workers: entry.workers,
      held_ms: entry.heldMs,
      away:
        entry.away === null
          ? null
          : {
              since: isoOfUs(entry.away.sinceMs * 1000),
              until: entry.away.endedMs === null ? null : isoOfUs(entry.away.endedMs * 1000),
              line: entry.away.line,
            },
      budget:
        entry.budget === null
          ? null
          : {
              requests: entry.budget.slots,
              at_most: entry.budget.limits.maxConcurrency,
              reason: entry.budget.reason,
            },
      failures: entry.failures.map(({ attempts, failedMs, id, line, name }) => ({
        id,
        job: name,
        line,
        at: isoOfUs(failedMs * 1000),
        attempts,
      })),
    })),
  };
}
