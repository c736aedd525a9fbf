// Two data folders, one account, one database that both were given: only one records, the other says who does, opens no socket, and goes on
// when the first one is gone. What the first one had not sent when it was killed stays in a gap, also when it comes back.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { judge, Recording, type Service, until } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

let recording: Recording;
afterEach(() => recording?.close());

const reasonsOf = async ({ http }: Service): Promise<string> => (await fetch(`${http}/readyz`)).text();
const connections = async (): Promise<number> => {
  const { accounts } = (await recording.gateway.state()) as { accounts?: { connectionCount: number }[] };
  return accounts?.[0]?.connectionCount ?? 0;
};
const refused = (service: Service) =>
  until(async () => (await reasonsOf(service)).includes('ACCOUNT_RECORDED_ELSEWHERE'), {
    what: 'the refusal',
    deadlineMs: 60_000,
  });

test('one of them records', { timeout: 400_000 }, async () => {
  recording = await Recording.start({ ticksPerSecond: 300 });
  const first = await recording.collector();
  await recording.live(first);
  await recording.moreTicks(500);
  const before = await connections();
  const second = await recording.collector(join(recording.dir, 'other'));
  await refused(second);
  expect(await reasonsOf(second)).toContain(recording.dataDir);
  await recording.moreTicks(1000);
  expect(await connections()).toBe(before);
  expect((await fetch(`${first.http}/readyz`)).status).toBe(200);

  await first.kill('SIGKILL');
  await recording.live(second, 150_000);
  await recording.moreTicks(500);
  const again = await recording.collector();
  await refused(again);
  await second.kill('SIGTERM');
  await recording.live(again, 150_000);
  expect(readdirSync(join(recording.dataDir, 'set-aside'))).toHaveLength(1);
  await recording.moreTicks(500);
  await recording.settle();
  expect(await judge(recording)).toMatchObject({ missing: 0, unaccounted: 0, doubled: 0, wrong: 0 });
});
