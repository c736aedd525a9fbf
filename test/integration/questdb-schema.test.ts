// The database becomes what the design says, however often and by how many at once the migrations run, and the settings that ship
// with it are ones that this server knows.
import { readdirSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog, systemClock } from '@fxtape/ops';
import { type TableName, tables } from '@fxtape/market';
import {
  AppliedWatch,
  asObjects,
  databaseIdentity,
  migrate,
  MIGRATIONS_DIR,
  pgQuery,
  QuestDbHttp,
  Reader,
  schemaDifferences,
  type SentRow,
  TableWriter,
} from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb, tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
let server: QuestDbServer;
let http: QuestDbHttp;

beforeAll(async () => {
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});
beforeEach(async () => {
  for (const view of ['outages', 'gaps']) await http.exec(`DROP VIEW IF EXISTS ${view}`);
  for (const table of [...Object.keys(tables), 'schema_migrations'])
    await http.exec(`DROP TABLE IF EXISTS ${table}`);
});

const KEYS = {
  ticks: ['DAY', 'ts, feed, symbol, ts_recv'],
  bar_events: ['MONTH', 'ts, feed, symbol, timeframe, ts_recv'],
  trade_events: ['MONTH', 'ts, account, ts_recv'],
  account_events: ['MONTH', 'ts, account'],
  position_events: ['DAY', 'ts, account, ticket'],
  coverage: ['MONTH', 'ts, account, feed, symbol, stream, timeframe, range_id'],
  gap_events: ['MONTH', 'ts, gap_id, writer'],
  rejected: ['DAY', 'ts, account, ts_recv'],
  bars: ['MONTH', 'ts, feed, symbol, timeframe'],
  bar_revisions: ['MONTH', 'ts, feed, symbol, timeframe, ts_seen'],
  deals: ['MONTH', 'ts, account, deal_id'],
  deal_revisions: ['MONTH', 'ts, account, deal_id, ts_seen'],
  position_revisions: ['MONTH', 'ts, account, position_id, ts_seen'],
  positions: ['MONTH', 'ts, account, position_id'],
  accounts: ['YEAR', 'ts, account'],
  symbol_specs: ['YEAR', 'ts, feed, symbol'],
  streams: ['YEAR', 'ts, account, feed, symbol, stream, timeframe'],
  history_limits: ['YEAR', 'ts, account, feed, symbol, stream, timeframe'],
  clock_rules: ['YEAR', 'ts, server, ts_decided'],
  clock_applies: ['YEAR', 'ts, apply_id, server'],
  clock_evidence: ['YEAR', 'ts, server, account, kind, symbol'],
  trading_sessions: ['YEAR', 'ts, feed, symbol, kind, ts_decided'],
  daily_quality: ['YEAR', 'ts, feed, symbol'],
  account_epochs: ['YEAR', 'ts, account, epoch'],
};
const MIGRATIONS = readdirSync(MIGRATIONS_DIR).filter((name) => name.endsWith('.sql')).length;
const WRONG = `${String(MIGRATIONS + 1).padStart(4, '0')}_wrong.sql`;
const GAP_COLUMNS =
  'gap_id outage_id account feed symbol stream timeframe ts_from ts_to cause state rows_healed missing_estimate evidence ts_updated';

async function versions(): Promise<number[]> {
  const rows = asObjects(await http.exec('SELECT DISTINCT version FROM schema_migrations ORDER BY version'));
  return rows.map((row) => Number(row['version']));
}

test('every table has the partition, the keys and the types of the design', async () => {
  const { applied } = await migrate({ client: http, log });
  expect(applied).toHaveLength(MIGRATIONS);
  expect(Object.keys(tables).toSorted()).toEqual(Object.keys(KEYS).toSorted());
  for (const [name, [partition, keys]] of Object.entries(KEYS)) {
    const [table] = asObjects(await http.exec(`SELECT * FROM tables() WHERE table_name = '${name}'`));
    expect(table).toMatchObject({
      partitionBy: partition,
      designatedTimestamp: 'ts',
      walEnabled: true,
      dedup: true,
    });
    const columns = asObjects(await http.exec(`SHOW COLUMNS FROM ${name}`));
    const keyed = columns
      .filter((column) => column['upsertKey'] === true)
      .map((column) => `${column['column'] as string}`);
    expect(keyed.toSorted()).toEqual(keys?.split(', ').toSorted());
  }
  for (const def of Object.values(tables)) expect(await schemaDifferences(http, def)).toEqual([]);
  const gaps = await http.exec('SELECT * FROM gaps');
  expect(gaps.columns.map((column) => column.name)).toEqual(GAP_COLUMNS.split(' '));
});

test('a second run does nothing', async () => {
  await migrate({ client: http, log });
  expect(await migrate({ client: http, log })).toEqual({ applied: [] });
});

test('several at once come to the same end', async () => {
  const results = await Promise.all(Array.from({ length: 4 }, () => migrate({ client: http, log })));
  expect(new Set(results.flatMap((result) => result.applied))).toHaveProperty('size', MIGRATIONS);
  expect(await versions()).toEqual(Array.from({ length: MIGRATIONS }, (_, i) => i + 1));
  expect(await migrate({ client: http, log })).toEqual({ applied: [] });
});

test('a run that was killed after any statement is taken up by the next', async () => {
  let kills = 0;
  for (let finished = false; !finished; ) {
    // Each run gets a few statements further than the one before it.
    let left = 4 + kills;
    const dying = {
      exec: async (sql: string) => {
        if (left-- <= 0) throw new Error('killed');
        return await http.exec(sql);
      },
    };
    const end = await migrate({ client: dying, log }).catch((error: Error) => error.message);
    finished = end !== 'killed';
    if (!finished) kills++;
  }
  expect(kills).toBeGreaterThan(3);
  await migrate({ client: http, log });
  expect(await versions()).toEqual(Array.from({ length: MIGRATIONS }, (_, i) => i + 1));
}, 400_000);

test('an old migration that changed is refused, and nothing is touched', async () => {
  const dir = tempDir('migrations');
  await cp(MIGRATIONS_DIR, dir.path, { recursive: true });
  await migrate({ client: http, log, dir: dir.path });
  await writeFile(
    join(dir.path, '0003_bar_events.sql'),
    'CREATE TABLE IF NOT EXISTS bar_events (ts TIMESTAMP);',
  );
  await expect(migrate({ client: http, log, dir: dir.path })).rejects.toMatchObject({
    code: 'MIGRATION_CHANGED',
    kind: 'terminal',
  });
  await writeFile(join(dir.path, WRONG), 'CREATE NONSENSE;');
  await cp(MIGRATIONS_DIR, dir.path, { recursive: true });
  await expect(migrate({ client: http, log, dir: dir.path, clock: impatient() })).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
  });
  await rm(join(dir.path, WRONG));
  await dir.remove();
});

test('a table of another shape is refused', async () => {
  await http.exec('CREATE TABLE ticks (ts TIMESTAMP, bid FLOAT) TIMESTAMP(ts) PARTITION BY DAY WAL');
  await expect(migrate({ client: http, log })).rejects.toMatchObject({
    code: 'SCHEMA_MISMATCH',
    message: expect.stringContaining('ticks: deduplication is false instead of true'),
  });
});

test('gaps and outages show the present state, over HTTP and over the PostgreSQL wire', async () => {
  await migrate({ client: http, log });
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  const T = Date.UTC(2026, 0, 31, 23, 59) * 1000;
  const gap = (at: number, gapId: string, writerName: string, rest: object) => ({
    ts: T + at * 60_000_000,
    gap_id: gapId,
    writer: writerName,
    outage_id: 'o1',
    account: 'acc',
    feed: 'icm',
    stream: 'ticks',
    ts_from: T,
    cause: 'disconnect',
    state: 'open',
    ...rest,
  });
  await writer.submit('gap_events', [
    gap(0, 'g1', 'collector', { event: 'opened' }),
    gap(0, 'g2', 'collector', { event: 'opened', stream: 'deals', feed: null }),
    gap(5, 'g1', 'collector', { event: 'ended', ts_to: T + 5 }),
    gap(9, 'g1', 'healer', {
      event: 'state',
      ts_to: T + 5,
      state: 'healed',
      rows_healed: 7,
      evidence: '{"n":7}',
    }),
  ]);
  // A replay of the tape writes the older event once more: it changes nothing.
  await writer.submit('gap_events', [gap(5, 'g1', 'collector', { event: 'ended', ts_to: T + 5 })]);
  const reader = new Reader({ http, clock });
  const gaps = await reader.gaps();
  expect(gaps).toHaveLength(2);
  expect(gaps.find((row) => row.gap_id === 'g1')).toEqual({
    gap_id: 'g1',
    outage_id: 'o1',
    account: 'acc',
    feed: 'icm',
    symbol: null,
    stream: 'ticks',
    timeframe: null,
    ts_from: T,
    ts_to: T + 5,
    cause: 'disconnect',
    state: 'healed',
    rows_healed: 7,
    missing_estimate: null,
    evidence: '{"n":7}',
    ts_updated: T + 9 * 60_000_000,
  });
  expect((await reader.gaps({ openOnly: true })).map((row) => row.gap_id)).toEqual(['g2']);
  expect((await reader.gaps({ fromUs: T + 5 })).map((row) => row.gap_id)).toEqual(['g2']);
  expect(await reader.gaps({ toUs: T })).toEqual([]);
  expect(await reader.gaps({ account: "o'ther" })).toEqual([]);
  const idsOf = async (filter: object) => (await reader.gaps(filter)).map((row) => row.gap_id);
  expect(await idsOf({ stream: 'deals' })).toEqual(['g2']);
  expect(await idsOf({ symbol: 'EURUSD' })).toEqual(['g1', 'g2']);
  expect(await idsOf({ limit: 1 })).toEqual(['g2']);
  expect(await reader.gapCounts()).toEqual([
    { cause: 'disconnect', state: 'healed', gaps: 1, unended: 0 },
    { cause: 'disconnect', state: 'open', gaps: 1, unended: 1 },
  ]);
  expect(await reader.outages()).toMatchObject([
    { outage_id: 'o1', account: 'acc', ts_from: T, ts_to: null, gaps: 2, open_gaps: 1 },
  ]);
  const overPg = await pgQuery(
    server.pg,
    'SELECT gap_id, state, ts_to, ts_updated FROM gaps ORDER BY gap_id',
  );
  expect(overPg).toEqual([
    {
      gap_id: 'g1',
      state: 'healed',
      ts_to: '2026-01-31 23:59:00.000005',
      ts_updated: '2026-02-01 00:08:00.000000',
    },
    { gap_id: 'g2', state: 'open', ts_to: null, ts_updated: '2026-01-31 23:59:00.000000' },
  ]);
  expect(await pgQuery(server.pg, 'SELECT open_gaps FROM outages')).toEqual([{ open_gaps: '1' }]);
});

test('the server knows and uses every setting of infra/questdb', async () => {
  const text = await readFile(join(MIGRATIONS_DIR, 'server.env'), 'utf8');
  const wanted = text.split('\n').flatMap((line) => /^(QDB_[A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
  expect(wanted.length).toBeGreaterThan(20);
  const parameters = asObjects(await http.exec('SHOW PARAMETERS'));
  const fromEnv = parameters.filter((row) => row['value_source'] === 'env').map((row) => row['env_var_name']);
  expect(wanted.filter((name) => !fromEnv.includes(name))).toEqual([]);
});

/** For failures that are repeated for seconds. */
function impatient() {
  return {
    ...clock,
    setTimeout: (fn: () => void) => clock.setTimeout(fn, 1),
    monoMs: () => clock.monoMs() * 1000,
  };
}

test('a database that a newer release has migrated is refused, and nothing is written to it', async () => {
  await migrate({ client: http, log });
  await http.exec(
    `INSERT INTO schema_migrations (ts, version, name, checksum) VALUES (now(), ${MIGRATIONS + 1}, 'later', 'x')`,
  );
  const watch = new AppliedWatch({ http, clock });
  await watch.waitApplied(await watch.tokens(['schema_migrations']));
  await http.exec('DROP VIEW outages');
  await expect(migrate({ client: http, log })).rejects.toMatchObject({
    code: 'SCHEMA_NEWER',
    kind: 'terminal',
  });
  expect(asObjects(await http.exec("SELECT * FROM tables() WHERE table_name = 'outages'"))).toEqual([]);
});

test('a database keeps its identity; an emptied one gets another', async () => {
  expect(await databaseIdentity(http)).toBeNull();
  await migrate({ client: http, log });
  const first = await databaseIdentity(http);
  expect(first).toMatch(/^\d{16}$/);
  await migrate({ client: http, log });
  expect(await databaseIdentity(http)).toBe(first);
  await http.exec('DROP TABLE schema_migrations');
  await migrate({ client: http, log });
  const second = await databaseIdentity(http);
  expect(second).toMatch(/^\d{16}$/);
  expect(second).not.toBe(first);
});

test('a row that was sent is found by what makes it itself, also where a correction moved it', async () => {
  // Of tables that this connection knows no dropped ones.
  http.close();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log });
  const us = Date.UTC(2026, 5, 23, 12) * 1000;
  const hourUs = 3_600_000_000;
  const account = "it's";
  const place = { account, feed: null, symbol: null, stream: 'account', timeframe: null };
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  await writer.submit('ticks', [
    { ts: us, feed: 'icm', symbol: 'EURUSD', ts_recv: us + 7, bid: 1, ask: 2, source: 'live' },
  ]);
  await writer.submit('account_events', [{ ts: us, account, balance: 1, equity: 1 }]);
  await writer.submit('position_events', [{ ts: us, account, ticket: 0, kind: 'none' }]);
  await writer.submit('coverage', [
    { ...place, ts: us, range_id: 'a', ts_to: us + 1, source: 'live', rows: 0 },
  ]);
  const reader = new Reader({ http, clock });
  const has = (table: TableName, is: SentRow['is'], ts = us) =>
    reader.hasRow({ table, ts, is }, { waitMs: 10_000 });
  expect(await has('ticks', { feed: 'icm', ts_recv: us + 7 }, us + hourUs)).toBe(true);
  expect(await has('ticks', { feed: 'icm', ts_recv: us + 8 })).toBe(false);
  expect(await has('ticks', { feed: 'other', ts_recv: us + 7 })).toBe(false);
  for (const table of ['account_events', 'position_events'] as const) {
    expect(await has(table, { account, ts: us })).toBe(true);
    expect(await has(table, { account, ts: us + 1 })).toBe(false);
  }
  expect(await has('coverage', { account, range_id: 'a' }, us - hourUs)).toBe(true);
  expect(await has('coverage', { account, range_id: 'b' })).toBe(false);
});
