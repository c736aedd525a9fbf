// One run between BullMQ and a handler, where a real queue would take minutes: deadlines, and what is not a job of this release.
import type { Job } from 'bullmq';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Turns } from './turns.ts';
import type { JobHandlers } from '../catalogue/job-handler.ts';
import { LOCK_LOST, type RunContext, runJob } from './run-job.ts';
import type { JobEvent } from './job-metrics.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const payload = { account: 'one', feed: 'icm', symbol: 'EURUSD' };

function run(
  handlers: JobHandlers,
  o: Partial<RunContext> & { name?: string; payload?: object; signal?: AbortSignal } = {},
) {
  const events: JobEvent[] = [];
  const job = {
    id: 'job-1',
    name: o.name ?? 'symbol_specs',
    data: { payload: o.payload ?? payload, checkpoint: null },
    opts: { attempts: 10 },
    attemptsMade: 0,
  } as unknown as Job;
  const ended = runJob(job, 'token', o.signal ?? new AbortController().signal, {
    handlers,
    stopping: () => false,
    hold: async () => {},
    breaker: null,
    permits: o.permits ?? null,
    answered: o.answered ?? (() => {}),
    leases: new Turns(),
    onEvent: (event) => events.push(event),
    graceMs: 250,
  }).catch((error: unknown) => error as Error);
  return { ended, events };
}

test('at its deadline the signal is aborted, and a handler that does not care is left behind', async () => {
  let aborted = false;
  const { ended, events } = run({
    symbol_specs: (_job, signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise(() => {});
    },
  });
  await vi.advanceTimersByTimeAsync(59_999);
  expect(aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(251);
  expect(aborted).toBe(true);
  expect(await ended).toMatchObject({ name: 'Error', message: expect.stringMatching(/^JOB_DEADLINE: /) });
  expect(events).toMatchObject([{ type: 'retry', attempt: 1 }]);
});

test('what was done in the grace after the deadline counts', async () => {
  const { ended, events } = run({
    symbol_specs: (_job, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => setTimeout(() => resolve({ rows: 3, requests: 1 }), 200));
      }),
  });
  await vi.advanceTimersByTimeAsync(60_300);
  expect(await ended).toEqual({ rows: 3, requests: 1 });
  expect(events).toEqual([{ type: 'done', rows: 3, requests: 1 }]);
});

test('waiting for a permit is not counted, a request is; what is left behind keeps no permit', async () => {
  const permit = Promise.withResolvers<void>();
  let out = 0;
  const permits = {
    take: async () => {
      await permit.promise;
      out += 1;
      return () => void (out -= 1);
    },
  };
  const { ended, events } = run(
    { symbol_specs: ({ request }) => request('specs', () => new Promise<never>(() => {})) },
    { permits },
  );
  await vi.advanceTimersByTimeAsync(600_000);
  expect(events).toEqual([]);
  permit.resolve();
  await vi.advanceTimersByTimeAsync(59_000);
  expect([events, out]).toEqual([[], 1]);
  await vi.advanceTimersByTimeAsync(1300);
  expect(await ended).toMatchObject({ message: expect.stringMatching(/^JOB_DEADLINE: /) });
  expect(out).toBe(0);
});

test('what an error of a request says about the gateway', async () => {
  const answers: (string | undefined)[] = [];
  const codes = [
    'FXSOCKET_DEADLINE',
    'FXSOCKET_TERMINAL_TIMEOUT',
    'FXSOCKET_NOT_READY',
    'FXSOCKET_RATE_LIMITED',
    'X',
  ];
  const { ended } = run(
    {
      symbol_specs: async ({ request }) => {
        for (const code of codes) {
          await request('specs', () => Promise.reject(Object.assign(new Error(code), { code }))).catch(
            () => {},
          );
        }
        return { rows: await request('specs', async () => 1), requests: 6 };
      },
    },
    { answered: ({ result }) => answers.push(result) },
  );
  expect(await ended).toMatchObject({ rows: 1 });
  expect(answers).toEqual(['timeout', 'timeout', 'busy', 'busy', 'error', 'ok']);
});

test('a job of another release: an unknown kind is tried again elsewhere, a wrong payload is not', async () => {
  const handlers: JobHandlers = { symbol_specs: async () => ({ rows: 0, requests: 0 }) };
  const unknown = await run(handlers, { name: 'options' }).ended;
  expect(unknown).toMatchObject({ name: 'Error', message: expect.stringMatching(/^JOB_UNKNOWN/) });
  const wrong = await run(handlers, { payload: { ...payload, symbol: 7 } }).ended;
  expect(wrong).toMatchObject({ name: 'UnrecoverableError', message: expect.stringMatching(/^JOB_PAYLOAD/) });
});

test('a run whose lock was lost ends without a word, because the job is another worker’s', async () => {
  const controller = new AbortController();
  const { ended, events } = run(
    { symbol_specs: async (_job, signal) => Promise.reject(signal.reason) },
    { signal: AbortSignal.any([controller.signal, AbortSignal.abort(LOCK_LOST)]) },
  );
  expect(await ended).toMatchObject({ name: 'WaitingError' });
  expect(events).toEqual([{ type: 'lock_lost' }]);
});
