// A Redis that refuses the password it is given: the log says so, and the password is not in it.
import { JobQueues } from '@fxtape/jobs';
import { createLog } from '@fxtape/ops';
import { startRedis, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { freshPrefix } from './jobs-harness.ts';

test('a refused password is in no line of the log, whatever the driver attaches to its errors', async () => {
  const redis = await startRedis();
  const lines: string[] = [];
  const log = createLog({
    service: 'test',
    level: 'debug',
    write: (line) => lines.push(line),
    pretty: false,
  });
  const url = redis.url.replace('redis://', 'redis://nobody:open-sesame@');
  const queues = new JobQueues({ redisUrl: url, log, prefix: freshPrefix() });
  try {
    await until(async () => lines.some((line) => line.includes('WRONGPASS')), {
      what: 'the refusal in the log',
      deadlineMs: 20_000,
      everyMs: 20,
    });
    expect(lines.join('')).not.toMatch(/sesame/);
  } finally {
    await queues.close();
    await redis.close();
  }
});
