// The machine is lost: a backup that was made while recording went on is brought into an empty engine and an empty folder, and recording goes
// on there. Every tick that the gateway sent is there once, or inside a recorded gap.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backUp, newestBackup, restoreRows, restoreTapes } from '@fxtape/backup';
import { openStore } from '@fxtape/datasets';
import { createLog, systemClock } from '@fxtape/ops';
import { databaseIdentity, migrate, QuestDbHttp } from '@fxtape/questdb';
import { judge, Recording, startQuestDb } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test('restored into empty engines, the recorder goes on', async () => {
  const recording = await Recording.start({ ticksPerSecond: 500 });
  closers.push(() => recording.close());
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(2000);
  const log = createLog({ service: 'test', level: 'silent' });
  const clock = systemClock();
  const store = await openStore(join(recording.dir, 'backup'));
  const http = new QuestDbHttp({ conf: recording.questdb.conf });
  closers.push(async () => http.close());
  const saved = await backUp({
    http,
    clock,
    store,
    dataDir: recording.dataDir,
    fxtape: 'test',
    demo: null,
    config: null,
  });
  expect(saved.tables.find(({ name }) => name === 'ticks')?.rows).toBeGreaterThan(1000);
  await recording.moreTicks(1000);
  await service.kill('SIGKILL');

  const other = await startQuestDb();
  closers.push(() => other.close());
  await recording.questdb.stop();
  recording.questdb = other;
  const empty = new QuestDbHttp({ conf: other.conf });
  closers.push(async () => empty.close());
  await migrate({ client: empty, log, clock });
  const database = (await databaseIdentity(empty)) as string;
  const backup = await newestBackup(store);
  const dataDir = join(recording.dir, 'restored');
  await restoreTapes(backup, join(dataDir, 'tape'), { store, database });
  writeFileSync(join(dataDir, 'recorder-id'), `${backup.recorder}\n`);
  await restoreRows(backup, { http: empty, clock, log }, { store });
  const again = await recording.collector(dataDir);
  await recording.live(again);
  await recording.moreTicks(1000);
  await recording.settle();
  expect(await judge(recording)).toMatchObject({ missing: 0, unaccounted: 0, doubled: 0, wrong: 0 });
});
