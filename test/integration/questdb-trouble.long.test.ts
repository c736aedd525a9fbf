// A database in trouble: suspended tables, SIGKILL in the middle of writing, no answer at all, no space left. Each time every row
// that was submitted is there exactly once afterwards, and nobody decides anything on what cannot be seen meanwhile.

import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLog, systemClock } from '@fxtape/ops';
import { type RowInput, tables } from '@fxtape/market';
import {
  AppliedWatch,
  asObjects,
  migrate,
  QuestDbHttp,
  Reader,
  readMigrations,
  TableWriter,
} from '@fxtape/questdb';
import { ChildHandle, machineEnv, type QuestDbServer, startQuestDb, tempDir, until } from '@fxtape/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { seeded } from './tape-content.ts';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
let server: QuestDbServer;
let http: QuestDbHttp;
beforeAll(async () => {
  // In this mode the server knows SUSPEND WAL, which nothing else needs.
  server = await startQuestDb({ QDB_DEV_MODE_ENABLED: 'true' });
  http = new QuestDbHttp({ conf: server.conf });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});
const dropAll = async (): Promise<void> => {
  for (const view of ['outages', 'gaps']) await http.exec(`DROP VIEW IF EXISTS ${view}`);
  for (const table of [...Object.keys(tables), 'schema_migrations'])
    await http.exec(`DROP TABLE IF EXISTS ${table}`);
};
beforeEach(async () => {
  await dropAll();
  // A connection that has written to a table goes on writing to the dropped one: the server answers 204 and the rows are gone.
  // Nothing of fxtape drops a table; a test that does must take a new connection.
  http.close();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log });
});

const T = Date.UTC(2026, 5, 23, 12) * 1000;
/** Tick n: five in a millisecond, some of them equal but for their receive time. */
const tick = (n: number): RowInput<'ticks'> => ({
  ts: T + Math.floor(n / 5) * 1000,
  feed: 'icm',
  symbol: ['EURUSD', 'XAUUSD', 'BTCUSD'][n % 3] as string,
  ts_recv: T + n,
  bid: 1 + (n % 7),
  ask: 2 + (n % 7),
  utc_offset_s: 10_800,
  source: 'live',
});
const ticks = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => tick(from + i));
const counts = async (client = http) => {
  const [row] = asObjects(
    await client.exec('SELECT count() rows, count_distinct(ts_recv) recv, sum(bid) bids FROM ticks'),
  );
  return [Number(row?.['rows']), Number(row?.['recv']), Number(row?.['bids'])];
};
const expected = (n: number) => [n, n, ticks(0, n).reduce((sum, row) => sum + (row.bid as number), 0)];
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: { code?: string }) => error.code ?? error,
  );

test('a suspended table takes rows, shows none of them, and nobody decides on it until it was resumed', async () => {
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  const watch = new AppliedWatch({ http, clock });
  const reader = new Reader({ http, clock });
  await writer.submit('ticks', ticks(0, 1000));
  await watch.waitApplied(await watch.tokens(['ticks']));
  await http.exec('ALTER TABLE ticks SUSPEND WAL');

  await writer.submit('ticks', ticks(1000, 3000));
  expect(writer.state().find(({ table }) => table === 'ticks')?.phase).toBe('ok');
  const goal = await watch.tokens(['ticks', 'coverage']);
  let applied = false;
  const waiting = watch.waitApplied(goal).then(() => {
    applied = true;
  });
  await until(() => watch.state.phase === 'suspended', { what: 'the watch sees it', deadlineMs: 5000 });
  expect(watch.state).toMatchObject({
    code: 'QDB_SUSPENDED',
    message: expect.stringContaining('ticks') as string,
  });
  // For as long as one could take an old answer for the new one.
  await delay(2000);
  expect(applied).toBe(false);
  expect((await counts())[0]).toBe(1000);
  expect(await codeOf(reader.latestTicks('icm'))).toBe('QDB_SUSPENDED');
  expect(await codeOf(reader.maxTsRecv({ feed: 'icm' }))).toBe('QDB_SUSPENDED');
  // What does not touch it goes on.
  expect(await codeOf(reader.accountedTo({ account: 'acc' }))).toBe('answered');
  expect(await codeOf(reader.gaps())).toBe('answered');
  expect(
    await codeOf(
      writer.submit('coverage', [
        {
          ts: T,
          account: 'acc',
          feed: 'icm',
          symbol: 'EURUSD',
          stream: 'ticks',
          timeframe: null,
          range_id: 'r1',
          ts_to: T + 1,
        },
      ]),
    ),
  ).toBe('answered');

  await http.exec('ALTER TABLE ticks RESUME WAL');
  await waiting;
  expect(await counts()).toEqual(expected(3000));
  expect((await reader.latestTicks('icm')).size).toBe(3);
  expect(await reader.maxTsRecv({ feed: 'icm' })).toBe(T + 2999);
});

test('gaps and outages are not told from a suspended gap_events, nor migrations run on a suspended record', async () => {
  const reader = new Reader({ http, clock });
  for (const table of ['gap_events', 'schema_migrations'])
    await http.exec(`ALTER TABLE ${table} SUSPEND WAL`);
  expect(await codeOf(reader.gaps())).toBe('QDB_SUSPENDED');
  expect(await codeOf(reader.outages())).toBe('QDB_SUSPENDED');
  expect(await codeOf(reader.gapCounts())).toBe('QDB_SUSPENDED');
  expect(await codeOf(migrate({ client: http, log }))).toBe('QDB_SUSPENDED');
  for (const table of ['gap_events', 'schema_migrations']) await http.exec(`ALTER TABLE ${table} RESUME WAL`);
  expect(await codeOf(reader.gaps())).toBe('answered');
  expect(await migrate({ client: http, log })).toEqual({ applied: [] });
});

test('SIGKILL of the database in the middle of writing, five times: every row once', {
  timeout: 180_000,
}, async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = seeded(seed);
  const writer = new TableWriter({ http, log, clock, random });
  const answered: Promise<unknown>[] = [];
  let n = 0;
  let over = false;
  const writing = (async () => {
    while (!over) {
      await writer.room('ticks');
      const more = 200 + Math.floor(random() * 4000);
      answered.push(writer.submit('ticks', ticks(n, n + more)));
      n += more;
      await delay(5);
    }
  })();
  for (let round = 0; round < 5; round++) {
    const before = n;
    await until(() => n > before + 10_000, { what: 'rows on their way', deadlineMs: 20_000 });
    await delay(random() * 300); // the moment of the kill is what this test is about: a random one
    await server.kill();
    await until(() => writer.state().some(({ phase }) => phase === 'retrying'), {
      what: 'the writer sees it',
      deadlineMs: 20_000,
    });
    await server.start();
  }
  over = true;
  await writing;
  const results = (await Promise.all(answered)) as { rows: number; condemned: unknown[] }[];
  expect(results.flatMap(({ condemned }) => condemned)).toEqual([]);
  expect(results.reduce((sum, { rows }) => sum + rows, 0)).toBe(n);
  const watch = new AppliedWatch({ http, clock });
  await watch.waitApplied(await watch.tokens(['ticks']));
  console.log(`${n} rows in ${answered.length} submits`);
  expect(await counts()).toEqual(expected(n));
});

test('a database that accepts and never answers: time-outs to be seen, then every row once', async () => {
  const hasty = new QuestDbHttp({
    conf: `${server.conf}request_timeout=300;request_min_throughput=10000000;`,
  });
  const writer = new TableWriter({ http: hasty, log, clock, random: Math.random });
  const reader = new Reader({ http: hasty, clock });
  await writer.submit('ticks', ticks(0, 500));
  await server.freeze();
  let submitted: Promise<unknown>;
  try {
    submitted = writer.submit('ticks', ticks(500, 5000));
    const state = () => writer.state().find(({ table }) => table === 'ticks');
    await until(() => state()?.phase === 'retrying', { what: 'the time-out', deadlineMs: 10_000 });
    expect(state()).toMatchObject({ code: 'QDB_TIMEOUT', inFlightRows: 4500 });
    expect(await codeOf(reader.latestTicks('icm'))).toBe('QDB_TIMEOUT');
    await delay(1000); // a few more tries run into the frozen server
  } finally {
    await server.thaw();
  }
  await submitted;
  const watch = new AppliedWatch({ http: hasty, clock });
  await watch.waitApplied(await watch.tokens(['ticks']));
  expect(await counts()).toEqual(expected(5000));
  hasty.close();
});

test('three processes migrate an empty database at once, and one of them is killed on the way', {
  timeout: 120_000,
}, async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = seeded(seed);
  const folder = tempDir('migrators');
  const versions = (await readMigrations()).map(({ version }) => version);
  const program = fileURLToPath(new URL('./questdb-migrator.ts', import.meta.url));
  for (let round = 0; round < 3; round++) {
    await dropAll();
    const children = await Promise.all(
      [0, 1, 2].map((i) =>
        ChildHandle.start({
          name: `migrator ${i}`,
          command: process.execPath,
          args: ['--conditions=@fxtape/source', program, server.conf],
          cwd: folder.path,
          env: machineEnv(),
          logFile: join(folder.path, `${round}-${i}.log`),
        }),
      ),
    );
    const [victim, ...others] = children as [ChildHandle, ChildHandle, ChildHandle];
    await until(() => victim.stdout.includes('started'), { what: 'the first migrator', deadlineMs: 30_000 });
    await delay(random() * 400);
    await victim.kill();
    for (const other of others) {
      const exit = await other.exited;
      expect(exit, other.logs).toEqual({ code: 0, signal: null });
    }
    const recorded = asObjects(
      await http.exec('SELECT DISTINCT version FROM schema_migrations ORDER BY version'),
    );
    expect(recorded.map((row) => Number(row['version']))).toEqual(versions);
    expect(await migrate({ client: http, log })).toEqual({ applied: [] });
  }
  await folder.remove();
});

/** Appends until there is no room: the database beside it takes and frees some meanwhile. */
function fillUp(path: string): void {
  const piece = Buffer.alloc(64 * 1024);
  try {
    for (;;) appendFileSync(path, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

test('no space left for the database: the writer waits and says so; with room again every row is there once', {
  timeout: 180_000,
}, async (context) => {
  const disk = tempDir('questdb-full');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk.path], { stdio: 'pipe' });
  } catch (error) {
    await disk.remove();
    return context.skip(`no file system can be mounted here: ${String(error)}`);
  }
  if (server.how === 'docker') return context.skip('the database of this run has its files in a container');
  let small: QuestDbServer | null = null;
  try {
    small = await startQuestDb({ QDB_CAIRO_ROOT: disk.path });
    const client = new QuestDbHttp({ conf: small.conf });
    await migrate({ client, log });
    const writer = new TableWriter({ http: client, log, clock, random: Math.random });
    await writer.submit('ticks', ticks(0, 1000));
    const ballast = join(disk.path, 'ballast');
    fillUp(ballast);
    const seen = new Set<string>();
    const submits: Promise<unknown>[] = [];
    const suspended = async (): Promise<boolean> => {
      const [row] = asObjects(await client.exec("SELECT suspended FROM wal_tables() WHERE name = 'ticks'"));
      return row?.['suspended'] === true;
    };
    let n = 1000;
    const untilMs = Date.now() + 20_000;
    for (let full = false; !full && Date.now() < untilMs; ) {
      submits.push(writer.submit('ticks', ticks(n, n + 5000)));
      n += 5000;
      await delay(100);
      const state = writer.state().find(({ table }) => table === 'ticks');
      if (state !== undefined && state.phase !== 'ok') seen.add(`${state.phase} ${state.code}`);
      full = seen.size > 0 || (await suspended());
    }
    console.log(`on the full disk: ${[...seen].join(', ') || 'the table was suspended'}`);
    await delay(1000);
    rmSync(ballast);
    if (await suspended()) await client.exec('ALTER TABLE ticks RESUME WAL');
    await Promise.all(submits);
    const watch = new AppliedWatch({ http: client, clock });
    const applied = watch.waitApplied(await watch.tokens(['ticks']));
    await until(
      async () => {
        if (await suspended()) await client.exec('ALTER TABLE ticks RESUME WAL');
        return watch.state.phase === 'idle';
      },
      { what: 'everything is applied', deadlineMs: 30_000 },
    );
    await applied;
    expect(await counts(client)).toEqual(expected(n));
    client.close();
  } finally {
    await small?.close();
    execFileSync('umount', ['-l', disk.path]);
    await disk.remove();
  }
});
