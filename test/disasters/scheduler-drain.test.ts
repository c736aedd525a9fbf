// The loop of planning and working to its end, while Redis is emptied and killed and QuestDB is killed: everything is read, and little twice.
import { once } from 'node:events';
import { connect } from 'node:net';
import { JobWorkers, type Payload, type RunningJob } from '@fxtape/jobs';
import type { Simulator } from '@fxtape/simulator';
import { type QuestDbServer, type RedisServer, startQuestDb, startRedis, until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quietLog } from '../integration/jobs-harness.ts';
import { accountId, schedulerRig, startGateway } from '../integration/scheduler-harness.ts';

let redis: RedisServer;
let questdb: QuestDbServer;
let gateway: Simulator;
beforeAll(async () => {
  [redis, questdb, gateway] = await Promise.all([startRedis(), startQuestDb(), startGateway(1)]);
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([redis?.close(), questdb?.close()]);
});

const DAYS = 2600;

test('a queue is filled as it drains, and filled again after Redis was emptied, and both servers were killed', async () => {
  const rig = await schedulerRig({
    accounts: `{ name: $, id: ${accountId(0)}, clock: America/New_York+7h, market_data: { symbols: [BTCUSD, ETHUSD] }, timeframes: [M1], account_data: false, backfill: { bars: { M1: ${DAYS}d }, ticks: false } }`,
    gateway: `http://${gateway.addr}`,
    conf: questdb.conf,
    redisUrl: redis.url,
  });
  const runs = new Map<string, number>();
  const { signal } = new AbortController();
  // What a worker leaves behind: the claim of its range, in the table before the job ends.
  const bars = async ({ id, payload: p }: RunningJob<Payload<'bars'>>) => {
    const claim = {
      ts: p.fromUs,
      account: p.account,
      feed: p.feed,
      symbol: p.symbol,
      stream: 'bars',
      timeframe: p.timeframe,
      range_id: 'history',
      ts_to: p.toUs,
      source: 'history',
      rows: 1,
      rule_id: 'America/New_York+7h',
    };
    await rig.writer.write({ coverage: [claim] }, { signal });
    runs.set(id, (runs.get(id) ?? 0) + 1);
    return { rows: 1, requests: 1 };
  };
  const workers = new JobWorkers({
    redisUrl: redis.url,
    prefix: rig.name,
    log: quietLog(),
    limits: { minConcurrency: 20, maxConcurrency: 20 },
    handlers: { bars, symbol_specs: async () => ({ rows: 0, requests: 1 }) },
  });
  let deepest = 0;
  const watch = setInterval(() => {
    const queue = rig.scheduler.state().accounts[0]?.queue ?? null;
    deepest = Math.max(deepest, (queue?.waiting ?? 0) + (queue?.active ?? 0));
  }, 50);
  const ran = (count: number) =>
    until(() => runs.size >= count, {
      what: `${count} jobs, ${JSON.stringify(rig.scheduler.state())}`,
      deadlineMs: 60_000,
    });
  try {
    rig.scheduler.start();
    await ran(50);
    await flushAll(redis.url);
    await ran(runs.size + 100);
    await redis.kill();
    await redis.start();
    await ran(runs.size + 100);
    await questdb.kill();
    await questdb.start();
    const complete = async () => {
      const [bare] = rig.scheduler.state().accounts;
      if (bare?.phase !== 'planned' || (await rig.queues.standing(rig.name)).length > 0) return false;
      const claimed = await rig.reader.coverage(rig.name, { source: 'history', waitMs: 5000 });
      const whole = claimed.filter((range) => range.toUs - range.fromUs > (DAYS - 1) * 86_400_000_000);
      return claimed.length === 2 && whole.length === 2;
    };
    await until(complete, {
      what: 'everything to be claimed without a hole',
      deadlineMs: 120_000,
      everyMs: 500,
      retryErrors: true,
    });
    const again = [...runs.values()].filter((count) => count > 1).length;
    console.log(`${runs.size} jobs, ${again} of them more than once, at most ${deepest} in the queue`);
    expect(deepest).toBeLessThanOrEqual(310);
    expect(again).toBeLessThan(runs.size / 10);
  } finally {
    clearInterval(watch);
    await workers.stop();
    await rig.close();
  }
}, 300_000);

async function flushAll(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write('FLUSHALL\r\n');
  await once(socket, 'data');
  socket.destroy();
}
