// Writing and asking for history while the database is in trouble: nobody is answered from a table that shows less than it holds, a
// write that was answered but cannot be seen yet is not done, a killed database is waited out, and an abort ends it all at once.
import { setTimeout as delay } from 'node:timers/promises';
import { createLog, systemClock } from '@fxtape/ops';
import { type RowInput, tables } from '@fxtape/market';
import {
  AppliedWatch,
  AppliedWriter,
  HistoryReader,
  PlanningReader,
  migrate,
  QuestDbHttp,
  TableWriter,
} from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb, until } from '@fxtape/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { seeded } from './tape-content.ts';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
let server: QuestDbServer;
let http: QuestDbHttp;

beforeAll(async () => {
  server = await startQuestDb({ QDB_DEV_MODE_ENABLED: 'true' }); // for SUSPEND WAL
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});
beforeEach(async () => {
  for (const table of ['bars', 'bar_revisions', 'coverage']) await http.exec(`TRUNCATE TABLE ${table}`);
  // A table that is suspended while the server still applies to it goes on applying what comes.
  await until(
    async () =>
      (await http.exec('SELECT count() FROM wal_tables() WHERE writerTxn < sequencerTxn')).dataset[0]?.[0] ===
      '0',
    { what: 'the tables to be empty', deadlineMs: 20_000 },
  );
});

const T = Date.UTC(2026, 0, 1) * 1000;
const MINUTE = 60_000_000;
const KEY = { feed: 'icm', symbol: 'EURUSD', timeframe: 'M1' };
type Bar = RowInput<'bars'> & RowInput<'bar_revisions'>;
const bars = (from: number, to: number): Bar[] =>
  Array.from({ length: to - from }, (_, i) => ({
    ...KEY,
    ts: T + (from + i) * MINUTE,
    open: 1,
    close: from + i,
    tick_volume: 1,
    ts_seen: T,
  }));
const claim = (from: number, to: number): RowInput<'coverage'> => ({
  account: 'acc',
  ...KEY,
  stream: 'bars',
  ts: T + from * MINUTE,
  ts_to: T + to * MINUTE,
  range_id: 'history',
  source: 'history',
  rows: to - from,
});
const everything = { fromUs: T, toUs: T + 1_000_000 * MINUTE };

function open(client: Pick<QuestDbHttp, 'exec' | 'write'> = http, random = Math.random) {
  const applied = new AppliedWatch({ http: client, clock });
  const writer = new TableWriter({ http: client as QuestDbHttp, log, clock, random });
  const written = new AppliedWriter({ writer, applied });
  return { applied, writer, write: written.write.bind(written) };
}

test('every question is refused while a table that it reads is suspended', async () => {
  const reader = new HistoryReader({ http, clock });
  const planning = new PlanningReader({ http, clock });
  const range = everything;
  const stream = { account: 'acc', ...KEY, stream: 'bars' };
  const questions: { [table: string]: (() => Promise<unknown>)[] } = {
    coverage: [
      () => reader.coverage('acc'),
      () => reader.coverageOf(stream, 'history', range),
      () => reader.newestRule('acc'),
      () => reader.liveRuleAt({ account: 'acc' }, T),
    ],
    bars: [
      () => reader.bars(KEY, range),
      () => reader.barVolumes(KEY, range),
      () => reader.barOpens(KEY, range),
    ],
    bar_revisions: [() => reader.latestBarRevisions(KEY, range)],
    deals: [() => reader.dealsById('acc', [1])],
    deal_revisions: [() => reader.latestDealRevisions('acc', [1])],
    positions: [() => reader.positionsById('acc', [1])],
    position_revisions: [() => reader.latestPositionRevisions('acc', [1])],
    ticks: [
      () => reader.ticks(KEY, range),
      () => reader.ticks(KEY, range, { limit: 1 }),
      () => reader.tickCounts(KEY, range, MINUTE),
    ],
    bar_events: [() => reader.barEventsAfter(T)],
    trade_events: [() => reader.tradeEventsAfter(T)],
    accounts: [() => reader.accounts()],
    symbol_specs: [() => reader.latestSpecs('icm')],
    history_limits: [() => reader.historyLimits('acc')],
    clock_evidence: [() => reader.clockEvidence('S')],
    trading_sessions: [() => reader.sessions({ feed: 'icm' })],
    clock_rules: [() => reader.clockRules('S')],
    streams: [() => reader.streams('acc'), () => planning.tickStreams('icm')],
    gap_events: [() => planning.endedOpenGaps('acc'), () => reader.gapEvents('gap')],
  };
  for (const [table, asks] of Object.entries(questions)) {
    for (const ask of asks) await ask();
    await http.exec(`ALTER TABLE ${table} SUSPEND WAL`);
    for (const ask of asks) {
      await expect(ask(), table).rejects.toMatchObject({ code: 'QDB_SUSPENDED', kind: 'transient' });
    }
    await http.exec(`ALTER TABLE ${table} RESUME WAL`);
  }
  const methods = Object.getOwnPropertyNames(HistoryReader.prototype).filter(
    (name) => name !== 'constructor',
  );
  const asked = JSON.stringify(Object.values(questions).flat().map(String));
  expect(methods.filter((name) => !asked.includes(`.${name}(`))).toEqual([]);
});

test('tables are written in the order given, each answered before the next; done when all can be seen', async () => {
  const sent: string[] = [];
  const client = {
    exec: http.exec.bind(http),
    write: async (...args: Parameters<QuestDbHttp['write']>) => {
      sent.push(`${args[0]} sent`);
      const answer = await http.write(...args);
      sent.push(`${args[0]} ${answer.kind}`);
      return answer;
    },
  };
  const { applied, write } = open(client);
  const { signal } = new AbortController();
  await http.exec('ALTER TABLE bars SUSPEND WAL');
  let done = false;
  const rows = { bar_revisions: bars(0, 100), bars: bars(0, 100), deals: [], coverage: [claim(0, 100)] };
  const writing = write(rows, { signal }).then(() => {
    done = true;
  });
  await until(() => applied.state.phase === 'suspended', { what: 'the watch sees it', deadlineMs: 20_000 });
  expect(sent).toEqual(
    ['bar_revisions', 'bars', 'coverage'].flatMap((table) => [`${table} sent`, `${table} stored`]),
  );
  // For as long as one could take "answered" for "applied".
  await delay(500);
  expect(done).toBe(false);
  await http.exec('ALTER TABLE bars RESUME WAL');
  await writing;
  const { dataset } = await http.exec('SELECT count() FROM bars');
  expect(dataset).toEqual([['100']]);
});

test('a row that can never be stored is named with its table, and the others are seen', async () => {
  const { write } = open();
  const [first, second] = bars(0, 2) as [Bar, Bar];
  const bad = { ...first, open: Number.NaN };
  const { condemned } = await write({ bars: [bad, second] }, { signal: new AbortController().signal });
  expect(condemned).toMatchObject([{ table: 'bars', row: bad, index: 0, by: 'encoder' }]);
  expect((await new HistoryReader({ http, clock }).bars(KEY, everything)).map((row) => row.close)).toEqual([
    1,
  ]);
  expect(await write({ bars: [] }, { signal: new AbortController().signal })).toEqual({ condemned: [] });
  expect((await write({ bars: [bad] }, { signal: new AbortController().signal })).condemned).toHaveLength(1);
});

test('an abort ends it at once: before, while it is sent, and while it waits to be seen', async () => {
  const reason = new Error('enough');
  const { applied, write } = open();
  const writing = (abort: AbortController) => write({ bars: bars(0, 10) }, { signal: abort.signal });
  await expect(writing(aborted(reason))).rejects.toBe(reason);
  expect((await http.exec('SELECT count() FROM bars')).dataset).toEqual([['0']]);

  const abort = new AbortController();
  await http.exec('ALTER TABLE bars SUSPEND WAL');
  const unseen = writing(abort);
  await until(() => applied.state.phase === 'suspended', { what: 'the watch sees it', deadlineMs: 20_000 });
  abort.abort(reason);
  await expect(unseen).rejects.toBe(reason);
  await http.exec('ALTER TABLE bars RESUME WAL');

  await server.freeze();
  try {
    const other = open();
    const stop = new AbortController();
    const unsent = other.write({ bars: bars(0, 10) }, { signal: stop.signal });
    await until(() => other.writer.state().some((lane) => lane.inFlightRows > 0), {
      what: 'the request is on its way',
      deadlineMs: 20_000,
    });
    stop.abort(reason);
    await expect(unsent).rejects.toBe(reason);
  } finally {
    await server.thaw();
  }
});

test('the database is killed after it answered for the rows and before it said that they can be seen', async () => {
  let killed = false;
  const client = {
    write: http.write.bind(http),
    exec: async (...args: Parameters<QuestDbHttp['exec']>) => {
      if (!killed && args[0].includes('wal_tables()')) {
        killed = true;
        await server.kill();
      }
      return await http.exec(...args);
    },
  };
  const { applied, write } = open(client);
  const writing = write(
    { bar_revisions: bars(0, 5000), bars: bars(0, 5000) },
    { signal: new AbortController().signal },
  );
  await until(() => applied.state.phase === 'unreachable', { what: 'it is missed', deadlineMs: 20_000 });
  await server.start();
  await writing;
  for (const table of ['bars', 'bar_revisions']) {
    expect((await http.exec(`SELECT count() FROM ${table}`)).dataset, table).toEqual([['5000']]);
  }
}, 120_000);

test('SIGKILL of the database under jobs that write: each is done when its rows are there, once', async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = seeded(seed);
  const { write } = open(http, random);
  const reader = new HistoryReader({ http, clock });
  const { signal } = new AbortController();
  let next = 0;
  let done = 0;
  let over = false;
  const job = async () => {
    while (!over) {
      const from = next;
      next += 2000;
      const rows = bars(from, from + 2000);
      await write({ bar_revisions: rows, bars: rows }, { signal });
      // What was said to be done is there, even if the database has been killed since and is coming up again.
      const seen = async () =>
        await reader
          .bars(KEY, { fromUs: T + from * MINUTE, toUs: T + (from + 2000) * MINUTE })
          .catch((error) => {
            if ((error as { kind?: string }).kind === 'transient') return null;
            throw error;
          });
      let found = await seen();
      while (found === null) {
        await delay(50); // the database is away: the next try may find it
        found = await seen();
      }
      expect(found).toHaveLength(2000);
      done++;
    }
  };
  const jobs = [job(), job(), job()];
  for (let round = 0; round < 3; round++) {
    const before = done;
    await until(() => done > before + 3, { what: 'jobs are done', deadlineMs: 60_000 });
    await delay(random() * 200); // the moment of the kill is what this test is about: a random one
    await server.kill();
    await server.start();
  }
  over = true;
  await Promise.all(jobs);
  console.log(`${done} jobs, ${next} bars`);
  for (const table of ['bars', 'bar_revisions']) {
    expect((await http.exec(`SELECT count(), count_distinct(ts) FROM ${table}`)).dataset, table).toEqual([
      [String(next), String(next)],
    ]);
  }
}, 240_000);

test('what a process does not write, its writer does not speak of', () => {
  const writer = new TableWriter({ http, log, clock, random: Math.random, tables: ['bars', 'coverage'] });
  expect(writer.state().map(({ table }) => table)).toEqual(['bars', 'coverage']);
  expect(() => writer.submit('ticks', [])).toThrow('not created for the table ticks');
  expect(new TableWriter({ http, log, clock, random: Math.random }).state()).toHaveLength(
    Object.keys(tables).length,
  );
});

function aborted(reason: Error): AbortController {
  const abort = new AbortController();
  abort.abort(reason);
  return abort;
}
