// The servers of the worker that runs this file: nobody else uses them meanwhile. What an earlier file wrote is still there.
import { inject } from 'vitest';

const own = () => {
  const servers = inject('servers');
  const worker = Number(process.env['VITEST_POOL_ID'] ?? '1') - 1;
  const pair = servers[worker % servers.length];
  if (pair === undefined) throw new Error('this project starts no servers');
  return pair;
};

export const ownQuestDb = () => own().questdb;
export const ownRedis = () => own().redis;
