// The database is emptied, loses rows, or is another one, while the tape is there: everything that the tape holds is in SQL afterwards. The
// cursor trails by five minutes, so that nothing shows before there has been one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startQuestDb, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { atTheEnd, begin, promiseKept } from './lane.ts';

const CURSOR_MS = 420_000;

/** A recording whose cursor was confirmed to its database. */
const confirmed = async () => {
  const recording = await begin({ ticksPerSecond: 200 });
  const service = await recording.collector();
  await recording.live(service);
  await until(async () => existsSync(join(recording.dataDir, 'tape', 'demo', 'cursor.json')), {
    what: 'a confirmed cursor',
    deadlineMs: CURSOR_MS,
    everyMs: 1000,
  });
  return { recording, service };
};

const emptied = async (sql: (text: string) => Promise<readonly (readonly unknown[])[]>): Promise<void> => {
  for (const [view] of await sql('SELECT view_name FROM views()'))
    await sql(`DROP VIEW IF EXISTS ${String(view)}`);
  for (const [table] of await sql('SELECT table_name FROM tables()'))
    await sql(`DROP TABLE IF EXISTS "${String(table)}"`);
};

test('emptied while it records, then cut while nothing runs, then another engine', async () => {
  const { recording, service } = await confirmed();
  await emptied((text) => recording.sql(text));
  await until(async () => (await recording.count('trading_sessions')) >= 0, {
    what: 'the tables to be there again',
    deadlineMs: 60_000,
    retryErrors: true,
  });
  await recording.moreTicks(2000, 120_000);
  await promiseKept('emptied while the recorder runs', recording);

  await service.stop();
  await recording.sql('ALTER TABLE ticks DROP PARTITION WHERE ts > 0');
  await until(async () => (await recording.count()) === 0, { what: 'no ticks', deadlineMs: 30_000 });
  const again = await recording.collector();
  await recording.live(again);
  await promiseKept('rows taken away while nothing runs', recording);

  await again.stop();
  const other = await startQuestDb();
  atTheEnd(() => other.close());
  await recording.questdb.stop();
  recording.questdb = other;
  const third = await recording.collector();
  await recording.live(third);
  await promiseKept('another engine', recording);
  expect(await recording.count()).toBeGreaterThan(0);
});
