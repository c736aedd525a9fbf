// What happens around a correction and beside it: rows that stand twice, a database that is killed, clocks that are set back, errors while
// everybody waits, a person who changes tables meanwhile. On a real QuestDB.
import { ApplyJournal, dropOldTables, measure, serverClocks } from '@fxtape/cli/clock-apply';
import { type CallOptions, HistoryReader, QuestDbHttp, SQL_CORRECTED } from '@fxtape/questdb';
import { type RowInput, tables } from '@fxtape/market';
import { until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { clock, http, record, server, settled, write } from './clock-apply-rig.ts';
import {
  applyOf,
  correctTo,
  expectStored,
  HOUR_US,
  lateTick,
  lateTicks,
  plan,
  RIGHT,
  sql,
  SUMMER,
  WRONG,
} from './clock-apply-runs.ts';

test('a row that was written under both rules stands there once', async () => {
  const expected = await record(WRONG, RIGHT, 20);
  const twice = lateTick(1);
  const [ts, utc_offset_s] = [SUMMER + 1_000_000 - HOUR_US, 10_800];
  const right = { ...twice.wrong, ts, utc_offset_s };
  const [early, late] = [twice.wrong, right].map((row) => ({ ...row, symbol: 'HEALED', source: 'history' }));
  await write('ticks', [twice.wrong, right, early, late] as RowInput<'ticks'>[]);
  const bar = { feed: 'f', symbol: 'LATE', timeframe: 'M1', ts_recv: SUMMER, close: 1 };
  await write('bar_events', [
    { ...bar, ts: SUMMER, utc_offset_s: 7200 },
    { ...bar, ts: SUMMER - HOUR_US, utc_offset_s: 10_800 },
  ]);
  const event = { account: 'icm', ts_recv: SUMMER, deal_id: 4712, degraded: false };
  await write('trade_events', [
    { ...event, ts: SUMMER, utc_offset_s: 7200 },
    { ...event, ts: SUMMER - HOUR_US, utc_offset_s: 10_800 },
  ]);
  const deal = { account: 'icm', deal_id: 4712, ts_seen: SUMMER };
  await write('deal_revisions', [
    { ...deal, ts: SUMMER, utc_offset_s: 7200 },
    { ...deal, ts: SUMMER - HOUR_US, utc_offset_s: 10_800 },
  ]);
  await settled(...Object.keys(tables));
  const { state } = await correctTo(RIGHT);
  expect(await lateTicks()).toEqual([twice.right]);
  const once = [[String(ts), utc_offset_s]];
  const of = (table: string, where: string) =>
    sql(`SELECT cast(ts as long), utc_offset_s FROM ${table} WHERE ${where}`);
  expect(await of('ticks', "symbol = 'HEALED'")).toEqual(once);
  const hour = [[String(SUMMER - HOUR_US), 10_800]];
  expect(await of('bar_events', "symbol = 'LATE'")).toEqual(hour);
  expect(await of('trade_events', 'deal_id = 4712')).toEqual(hour);
  expect(await of('deal_revisions', 'deal_id = 4712')).toEqual(hour);
  const journal = new ApplyJournal({ http, clock });
  const { servers } = await plan(RIGHT);
  const dropped = await dropOldTables({ http, clock, journal, servers });
  expect(dropped.map(({ putBack }) => putBack)).toEqual(state.tables.map(() => 0));
  const others = [...expected].filter(([table]) => !['ticks', 'bar_events', 'deals'].includes(table));
  await expectStored(new Map(others));
});

const KILLED_AT = [
  'filling ticks',
  'paused',
  'writing coverage',
  'swapping',
  'away ticks',
  'away coverage',
  'swapped ticks',
  'swapped coverage',
  'swapped',
];

test('QuestDB is killed at one step after the other: it goes on, and nothing is lost', async () => {
  const expected = await record(WRONG, RIGHT, 21);
  const left = [...KILLED_AT];
  const { servers, tables: names } = await plan(RIGHT);
  const run = async (): Promise<void> => {
    const apply = applyOf({
      onStep: async (step) => {
        if (step !== left[0]) return;
        left.shift();
        await server.kill();
        await server.start();
      },
    });
    await apply.run((await apply.unfinished()) ?? (await apply.begin(servers, names)));
  };
  await until(() => run().then(() => true), { what: 'a run to end', deadlineMs: 240_000, retryErrors: true });
  expect(left).toEqual([]);
  await expectStored(expected);
}, 300_000);

test('a clock that is set back between two corrections: the order of old tables stays', async () => {
  const expected = await record(WRONG, RIGHT, 22);
  await correctTo(RIGHT);
  const wall = clock.nowMs() - 86_400_000;
  const back = { ...clock, nowMs: () => wall, nowUs: () => wall * 1000 };
  const { servers, tables: names } = await plan(WRONG);
  const apply = applyOf({ clock: back });
  await apply.run(await apply.begin(servers, names));
  const again = await plan(RIGHT);
  const last = applyOf({ clock: back });
  await last.run(await last.begin(again.servers, again.tables));
  const journal = new ApplyJournal({ http, clock });
  const dropped = await dropOldTables({ http, clock, journal, servers: again.servers });
  expect(dropped.filter(({ putBack }) => putBack > 0)).toEqual([]);
  const { affected } = await plan(RIGHT);
  expect(affected).toEqual([]);
  expect(expected.get('ticks')?.length).toBeGreaterThan(0);
});

test('an error while everybody waits lets them write again, as no name is away', async () => {
  const expected = await record(WRONG, RIGHT, 23);
  let copy = '';
  const apply = applyOf({
    onStep: async (step) => {
      if (step !== 'writing coverage') return;
      [[copy]] = (await sql("SELECT table_name FROM tables() WHERE table_name LIKE 'bars_corrected_%'")) as [
        [string],
      ];
      await http.exec(`ALTER TABLE ${copy} SUSPEND WAL`);
    },
  });
  const { servers, tables: names } = await plan(RIGHT);
  const state = await apply.begin(servers, names);
  await expect(apply.run(state)).rejects.toMatchObject({ code: 'QDB_SUSPENDED' });
  expect((await new ApplyJournal({ http, clock }).steps()).map(({ step }) => step)).toEqual(['begun']);
  await http.exec(`ALTER TABLE ${copy} RESUME WAL`);
  const again = applyOf();
  await again.run((await again.unfinished()) ?? state);
  await expectStored(expected);
});

test('a column that somebody adds to a small table meanwhile is not emptied', async () => {
  await record(WRONG, RIGHT, 24);
  const correcting = correctTo(RIGHT, false, async (step) => {
    if (step !== 'pausing') return;
    await http.exec('ALTER TABLE positions ADD COLUMN mine INT');
    await settled('positions');
    await http.exec('UPDATE positions SET mine = 7');
    await settled('positions');
  });
  await expect(correcting).rejects.toMatchObject({ code: 'CLOCK_APPLY_OWN_COLUMNS' });
  expect(await sql('SELECT DISTINCT mine FROM positions')).toEqual([[7]]);
});

test('a table keeps how long its rows are kept, and rows that are about to go are in nobody’s way', async () => {
  const expected = await record(WRONG, RIGHT, 25);
  await http.exec('ALTER TABLE ticks SET TTL 400 DAYS');
  await settled('ticks');
  await correctTo(RIGHT);
  expect(await sql("SELECT ttlValue, ttlUnit FROM tables() WHERE table_name = 'ticks'")).toEqual([
    [400, 'DAY'],
  ]);
  expect(expected.size).toBeGreaterThan(0);
});

test('no statement looks through a whole table, however large it may be', async () => {
  await record(WRONG, RIGHT, 26);
  const asked: string[] = [];
  class Listening extends QuestDbHttp {
    override exec(statement: string, options: CallOptions = {}) {
      asked.push(statement);
      return super.exec(statement, options);
    }
  }
  const listening = new Listening({ conf: server.conf });
  try {
    const { servers } = await plan(RIGHT);
    await measure({ http: listening, clock, servers });
    const reader = new HistoryReader({ http: listening, clock });
    await serverClocks({ configured: [], reader, http: listening });
    const apply = applyOf({ http: listening });
    await apply.run(await apply.begin(servers, []));
  } finally {
    listening.close();
  }
  const tableOf = new RegExp(`FROM (${SQL_CORRECTED.join('|')})(_corrected_\\w+)?\\b`);
  const whole = asked.filter(
    (statement) => tableOf.test(statement) && !/ts >= cast|^SELECT count\(\) n FROM \w+$/.test(statement),
  );
  expect(asked.filter((statement) => tableOf.test(statement)).length).toBeGreaterThan(50);
  expect(whole).toEqual([]);
});
