// The console and Redis: it starts without one, shows the jobs and the board as soon as there is one, and stays when it goes again.
import { JobQueues } from '@fxtape/jobs';
import {
  freePort,
  type RedisServer,
  type Service,
  startRedis,
  startService,
  type TempDir,
  tempDir,
  until,
} from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barsJobs, quietLog } from '../integration/jobs-harness.ts';

const TOKEN = 'a-token-for-the-board';
let redis: RedisServer;
let dir: TempDir;
let service: Service | null = null;

beforeAll(async () => {
  redis = await startRedis();
  dir = tempDir('console');
});
afterAll(async () => {
  await service?.kill();
  await redis?.close();
  await dir?.remove();
});

test('jobs and board come and go with Redis, the console stays', async () => {
  await redis.stop();
  const addr = `127.0.0.1:${await freePort()}`;
  service = await startService('console', {
    dataDir: dir.path,
    env: {
      FXTAPE_HTTP_ADDR: addr,
      FXTAPE_API_TOKEN: TOKEN,
      REDIS_URL: redis.url,
      QDB_CLIENT_CONF: 'http::addr=127.0.0.1:9;',
    },
  });
  const get = async (
    path: string,
    headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
  ) => {
    const answer = await fetch(`http://${addr}${path}`, { headers, redirect: 'manual' });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  expect((await get('/healthz')).status).toBe(200);
  const without = await get('/api/jobs');
  expect([without.status, JSON.parse(without.text).code]).toEqual([503, 'QUEUE_UNREACHABLE']);
  expect((await get('/queues')).status).toBe(503);

  await redis.start();
  const queues = new JobQueues({ redisUrl: redis.url, log: quietLog() });
  await queues.plan(barsJobs(5));
  const jobs = await until(
    async () => {
      const answer = await get('/api/jobs');
      return answer.status === 200 && (JSON.parse(answer.text) as { accounts: object[] });
    },
    { what: 'the jobs', deadlineMs: 10_000 },
  );
  expect(jobs.accounts).toMatchObject([{ account: 'one', waiting: 5, workers: 0, budget: null }]);

  const opened = await get(`/queues?token=${TOKEN}`, {});
  expect(opened.status).toBe(303);
  const cookie = { cookie: opened.headers.get('set-cookie')?.split(';')[0] ?? '' };
  const page = await get('/queues', cookie);
  expect([page.status, page.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/html'),
  ]);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(page.text).toContain('<base href="/queues/"');
  const scripts = [...page.text.matchAll(/<script defer src="([^"]+)"/g)].map(([, src]) => src as string);
  expect(scripts.length).toBeGreaterThan(0);
  for (const src of scripts) expect((await get(`/queues/${src}`, cookie)).status).toBe(200);
  expect((await get(`/queues/${scripts[0]}`, {})).status).toBe(401);
  const listed = JSON.parse((await get('/queues/api/queues', cookie)).text) as {
    queues: { name: string; counts: Record<string, number>; readOnlyMode: boolean }[];
  };
  expect(listed.queues.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
    ['planner', true],
    ['fxtape-one', true],
  ]);
  expect(listed.queues[1]?.counts['prioritized']).toBe(5);
  const pause = await fetch(`http://${addr}/queues/api/queues/fxtape-one/pause`, {
    method: 'PUT',
    headers: cookie,
  });
  expect([pause.status, ((await pause.json()) as { code: string }).code]).toEqual([405, 'QUEUES_READ_ONLY']);

  await redis.kill();
  expect((await get('/api/jobs')).status).toBe(503);
  expect((await get('/healthz')).status).toBe(200);
  await redis.start();
  await until(async () => (await get('/queues/api/queues', cookie)).status === 200, {
    what: 'the board again',
    deadlineMs: 10_000,
  });
  expect(service.child.logs).not.toContain(TOKEN);
  await queues.close();
  await service.stop(5000);
});
