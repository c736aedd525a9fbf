// The board of the queues at /queues (Bull Board), to look at single jobs: what they were told, how far they are, why they failed. In: the
// queues of packages/jobs. Out: a fastify plugin. Accounts come and go, so the queues are asked for again as the page asks; without Redis
// the page is 503 with a code, and everything else of the console goes on.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { FxtapeError, type HttpGuard } from '@fxtape/ops';
import type { FastifyInstance } from 'fastify';
import { failureAnswer } from './failure-answer.ts';
import type { JobSource } from './job-source.ts';
import { queuesAccess } from './queues-access.ts';

export const BOARD_PATH = '/queues';
const ASK_EVERY_MS = 2000;

export async function queueBoard(
  app: FastifyInstance,
  o: { jobs: JobSource; guard: HttpGuard },
): Promise<void> {
  const server = new FastifyAdapter();
  server.setBasePath(BOARD_PATH);
  const board = createBullBoard({
    queues: [],
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'fxtape', hideRedisDetails: true } },
  });
  const refresh = refresher(o.jobs, board);
  await app.register(
    async (inner) => {
      inner.addHook('onRequest', queuesAccess(o.guard, BOARD_PATH));
      inner.addHook('onRequest', async (request, reply) => {
        if (request.routeOptions.url?.startsWith(`${BOARD_PATH}/static`) === true) return undefined;
        try {
          return await refresh();
        } catch (error) {
          if (!(error instanceof FxtapeError)) throw error;
          const { body, status } = failureAnswer(error);
          return reply.code(status).send(body);
        }
      });
      await inner.register(server.registerPlugin());
    },
    { prefix: BOARD_PATH },
  );
}

/** Gives the board the queues that there are; asks at most every two seconds. */
function refresher(jobs: JobSource, board: ReturnType<typeof createBullBoard>): () => Promise<void> {
  const adapters = new Map<string, BullMQAdapter>();
  let askedMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - askedMs < ASK_EVERY_MS) return;
    const queues = await jobs.boardQueues();
    askedMs = performance.now();
    const names = new Set(queues.map(({ name }) => name));
    for (const name of adapters.keys()) if (!names.has(name)) adapters.delete(name);
    for (const queue of queues) {
      if (!adapters.has(queue.name)) {
        adapters.set(queue.name, new BullMQAdapter(queue, { readOnlyMode: true }));
      }
    }
    board.replaceQueues([...adapters.values()]);
  };
}
