// `fxtape up --demo=real` plays a file of ticks in HistData’s form: each is in QuestDB exactly once, with its milliseconds and prices, or lies
// in a gap; the gateway is killed on the way and everything is started once more, and none comes twice. A file that cannot be used is told
// before anything starts.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readServiceInfo } from '@fxtape/ops';
import {
  type ChildHandle,
  freePort,
  type RedisServer,
  startFxtape,
  startRedis,
  type TempDir,
  tempDir,
  until,
  WORKSPACE,
} from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';

const FROM = Date.parse('2020-01-01T22:00:00.065Z');
const SPEED = 20;
let dir: TempDir;
let env: Record<string, string>;
let up: ChildHandle | null = null;
// Schedulers on one Redis take turns, and other files start some.
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.close());

beforeEach(async () => {
  dir = tempDir('demo-real');
  const [http, simulator, control] = [await freePort(), await freePort(), await freePort()];
  env = {
    QDB_CLIENT_CONF: ownQuestDb().conf,
    QUESTDB_PG_URL: ownQuestDb().pg,
    REDIS_URL: redis.url,
    FXTAPE_HTTP_ADDR: `127.0.0.1:${http}`,
    FXTAPE_SIMULATOR_ADDR: `127.0.0.1:${simulator}`,
    FXTAPE_SIMULATOR_CONTROL_ADDR: `127.0.0.1:${control}`,
  };
});
afterEach(async () => {
  await up?.kill();
  up = null;
  await dir.remove();
});

/** Four minutes with pauses, several ticks in one millisecond, and equal ones. Each row as QuestDB is asked for it. */
function writeDay(): { path: string; rows: string[] } {
  const rows: string[] = [];
  const lines: string[] = [];
  let ms = FROM;
  for (let i = 0; i < 600; i++) {
    if (i % 7 !== 0) ms += (i * 137) % 801;
    const bid = 112_120 + ((i - (i % 3)) % 50);
    const [bidText, askText] = [bid, bid + 3].map((price) => `${(price / 1e5).toFixed(6)}`);
    rows.push(`${ms},${bidText},${askText}`);
    const [date, time] = new Date(ms - 5 * 3_600_000).toISOString().split('T') as [string, string];
    lines.push(`${date.replaceAll('-', '')} ${time.replaceAll(/[:.Z]/g, '')},${bidText},${askText},0`);
  }
  // This file is of this run: tests share the database.
  const stamp = `${Date.now()}`.slice(-6);
  rows.push(`${ms + 1000},1.${stamp},1.${stamp}`);
  const last = new Date(ms + 1000 - 5 * 3_600_000).toISOString();
  lines.push(`${last.replaceAll(/[-:.Z]/g, '').replace('T', ' ')},1.${stamp},1.${stamp},0`);
  const path = join(dir.path, 'DAT_ASCII_EURUSD_T_202001.csv');
  writeFileSync(path, `${lines.join('\r\n')}\r\n`);
  return { path, rows };
}

async function sql(query: string): Promise<unknown[][]> {
  const answer = await fetch(`${ownQuestDb().http}/exec?query=${encodeURIComponent(query)}`);
  const { dataset } = (await answer.json()) as { dataset?: unknown[][] };
  return dataset ?? [];
}

const stored = async (feed: string): Promise<string[]> => {
  const rows = await sql(
    `SELECT cast(ts AS long) / 1000, bid, ask, symbol, utc_offset_s FROM ticks WHERE feed = '${feed}' ORDER BY ts, ts_recv`,
  );
  expect(new Set(rows.map((row) => row.slice(3).join(' ')))).toEqual(new Set(['EURUSD 7200']));
  return rows.map(([ms, bid, ask]) => `${Number(ms)},${Number(bid).toFixed(6)},${Number(ask).toFixed(6)}`);
};

/** Half-open, in milliseconds. */
const gaps = async (feed: string): Promise<[number, number][]> => {
  const rows = await sql(
    `SELECT cast(ts_from AS long), cast(ts_to AS long) FROM gaps WHERE feed = '${feed}' AND stream = 'ticks'`,
  );
  return rows.map(([from, to]) => [
    Number(from) / 1000,
    to === null ? Number.POSITIVE_INFINITY : Number(to) / 1000,
  ]);
};

/** The rows of `all` that `some` does not hold, as often as they occur; what `some` holds beyond that is an error. */
function missingOf(all: readonly string[], some: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const row of all) left.set(row, (left.get(row) ?? 0) + 1);
  for (const row of some) left.set(row, (left.get(row) ?? 0) - 1);
  const beyond = [...left].filter(([, count]) => count < 0);
  expect(beyond, 'not in the file, or stored more often than it is there').toEqual([]);
  return [...left].flatMap(([row, count]) => Array.from({ length: count }, () => row));
}

async function start(path: string): Promise<{ child: ChildHandle; feed: string }> {
  const args = ['up', '--demo=real', '--ticks', path, '--speed', `${SPEED}`];
  const child = await startFxtape(args, { dataDir: dir.path, env, ownGroup: true });
  up = child;
  const feed = await until(() => /as "(real-[0-9a-f]{8})"/.exec(child.logs)?.[1] ?? null, {
    what: 'everything to run',
    deadlineMs: 60_000,
  });
  return { child, feed };
}

/** Of the file that is played: it has a data folder of its own. */
const infoOf = (service: string) => {
  const demo = join(dir.path, 'demo');
  const [name] = existsSync(demo) ? readdirSync(demo).filter((each) => each.startsWith('real-')) : [];
  return name === undefined ? null : readServiceInfo(join(demo, name), service);
};

const live = () =>
  until(
    async () => {
      const info = infoOf('collector');
      return info !== null && (await fetch(`http://${info.http}/readyz`)).status === 200;
    },
    { what: 'every stream to be live', deadlineMs: 60_000, everyMs: 100 },
  );

const accounted = async (rows: readonly string[], feed: string): Promise<string[]> => {
  const [have, holes] = [await stored(feed), await gaps(feed)];
  const lost = missingOf(rows, have);
  return lost.filter((row) => {
    const ms = Number(row.split(',')[0]);
    return !holes.some(([from, to]) => ms >= from && ms < to);
  });
};

test('a file of ticks is recorded exactly once, over a kill of the gateway and another start', async () => {
  const { path, rows } = writeDay();
  const { child, feed } = await start(path);
  await until(async () => (await sql(`SELECT 1 FROM ticks WHERE feed = '${feed}' LIMIT 50`)).length === 50, {
    what: 'the first ticks',
    deadlineMs: 60_000,
    everyMs: 100,
  });
  process.kill(infoOf('simulator')?.pid as number, 'SIGKILL');
  await until(() => child.logs.includes('the tick file has ended'), {
    what: 'the end of the file',
    deadlineMs: 90_000,
  });
  await until(async () => (await accounted(rows, feed)).length === 0, {
    what: 'every row to be stored or in a gap',
    deadlineMs: 60_000,
    everyMs: 200,
  });
  await live();
  const have = await stored(feed);
  expect(have.length).toBeGreaterThanOrEqual(50);
  // What is stored is in the order of the file.
  expect(have).toEqual([...have].toSorted((a, b) => rows.indexOf(a) - rows.indexOf(b)));
  child.signalGroup('SIGINT');
  expect(await child.exited).toMatchObject({ code: 0 });

  const { child: again } = await start(path);
  await until(() => again.logs.includes('the tick file has ended'), {
    what: 'word of the end',
    deadlineMs: 30_000,
  });
  await live();
  // What the start itself has yet to write comes before the gap that it ends.
  await until(
    async () =>
      (
        await sql(
          `SELECT 1 FROM gaps WHERE feed = '${feed}' AND cause = 'process_down' AND ts_to IS NOT NULL`,
        )
      ).length > 0,
    { what: 'the gap of the second start', deadlineMs: 60_000, everyMs: 100 },
  );
  expect(missingOf(rows, await stored(feed)).length).toBeLessThanOrEqual(rows.length - have.length);
  expect(await accounted(rows, feed)).toEqual([]);
  again.signalGroup('SIGINT');
  expect(await again.exited).toMatchObject({ code: 0 });
});

test('the paper trader trades at the prices of the file', async () => {
  const { feed } = await start(writeDay().path);
  await until(
    async () =>
      (
        await sql(
          `SELECT 1 FROM deals WHERE account = '${feed}' AND comment LIKE 'paper %' AND ts < '2020-01-03'`,
        )
      ).length > 0,
    { what: 'a deal', deadlineMs: 90_000, everyMs: 200 },
  );
});

test.for([
  { title: 'none', args: [], said: /^DEMO_TICKS_MISSING: .*histdata.*\n$/ },
  {
    title: 'a missing one',
    args: ['--ticks', '/nowhere.csv'],
    said: /^SIMULATOR_FILE_UNREADABLE: there is no .*\n$/,
  },
  { title: 'an empty one', args: ['--ticks', '/dev/null'], said: /^SIMULATOR_FILE_INVALID: line 1 .*\n$/ },
  {
    title: 'a month with a step back of an hour',
    args: ['--ticks', join(WORKSPACE, 'services/simulator/testing/tick-files/DAT_ASCII_EURUSD_T_202610.csv')],
    said: /^SIMULATOR_FILE_INVALID: line 3 .*\n$/,
  },
  { title: 'a folder', args: ['--ticks', '/'], said: /^SIMULATOR_FILE_UNREADABLE: .*\n$/ },
])('a file that cannot be used is told before anything starts: $title', async ({ args, said }) => {
  const child = await startFxtape(['up', '--demo=real', ...args], { dataDir: dir.path, env, ownGroup: true });
  up = child;
  expect({ exit: await child.exited, logs: child.logs }).toEqual({
    exit: { code: 1, signal: null },
    logs: expect.stringMatching(said),
  });
  expect(infoOf('simulator')).toBeNull();
});
