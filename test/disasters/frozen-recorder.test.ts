// A recorder stands still for so long that another data folder takes its account, and then goes on: it closes its socket, says who records now,
// and takes the account up again when the other one has gone. At no moment do two of them stay.
import { join } from 'node:path';
import { type Service, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, promiseKept } from './lane.ts';

const reasonsOf = async ({ http }: Service): Promise<string> => (await fetch(`${http}/readyz`)).text();

test('a recorder that wakes up after another one took over closes its socket', {
  timeout: 600_000,
}, async () => {
  const recording = await begin({ calm: 'counts sockets', ticksPerSecond: 200 });
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(500);
  process.kill(first.pid, 'SIGSTOP');
  const second = await recording.collector(join(recording.dir, 'other'));
  await recording.live(second, 200_000);
  await recording.moreTicks(500);
  process.kill(first.pid, 'SIGCONT');
  await until(async () => (await reasonsOf(first)).includes('ACCOUNT_RECORDED_ELSEWHERE'), {
    what: 'the refusal',
    deadlineMs: 60_000,
  });
  await recording.live(second, 60_000);
  const sockets = async (): Promise<number> => {
    const { accounts } = (await recording.gateway.state()) as { accounts?: { connectionCount: number }[] };
    return accounts?.[0]?.connectionCount ?? 0;
  };
  const before = await sockets();
  await recording.moreTicks(2000);
  expect(await sockets()).toBe(before);
  await second.kill('SIGTERM');
  await recording.live(first, 200_000);
  await recording.moreTicks(500);
  await promiseKept('a recorder that stood still', recording);
});
