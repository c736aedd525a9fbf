// Rows that were written under one clock rule, on a QuestDB of their own that is made anew before each test. In: the wrong rule, the right one
// and a seed. Out: what has to stand in the tables once they are corrected, and what does.
import {
  brokerMs,
  type ClockRule,
  moveTime,
  type Row,
  type TableName,
  type RowInput,
  tables,
  utcMs,
} from '@fxtape/market';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog, systemClock } from '@fxtape/ops';
import { asObjects, encodeRows, migrate, QuestDbHttp, requireSettled } from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';

export const log = createLog({ service: 'test', level: 'silent' });
export const clock = systemClock();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Claims reach from here to there. */
export const FROM = Date.UTC(2024, 8, 1);
export const TO = Date.UTC(2026, 10, 20);
const HALF = Date.UTC(2025, 9, 1);
export const SERVER = 'Broker-Live';
export let server: QuestDbServer;
export let http: QuestDbHttp;

beforeAll(async () => {
  // In this mode the server knows SUSPEND WAL, which nothing else needs.
  server = await startQuestDb({ QDB_DEV_MODE_ENABLED: 'true' });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});
beforeEach(async () => {
  // A connection that has written to a table that was dropped would write to it once more.
  http?.close();
  http = new QuestDbHttp({ conf: server.conf });
  for (const view of ['outages', 'gaps']) await http.exec(`DROP VIEW IF EXISTS ${view}`);
  for (const row of asObjects(await http.exec('SELECT table_name FROM tables()')))
    if (/^(?!telemetry|sys)/.test(String(row['table_name'])))
      await http.exec(`DROP TABLE IF EXISTS '${String(row['table_name'])}'`);
  await migrate({ client: http, log });
});

export const random = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** Instants all over two years, most of them close to where one of the rules sets its clock. */
const instants = (below: (n: number) => number, rules: readonly ClockRule[], n: number): number[] => {
  const switches = rules.flatMap((rule) => rule.switchesBetween(FROM, TO).map((each) => each.utcMs));
  return Array.from({ length: n }, (_, i) =>
    i % 10 === 0 || switches.length === 0
      ? FROM + below(TO - FROM)
      : (switches[below(switches.length)] as number) + below(6 * HOUR) - 3 * HOUR,
  );
};

export const write = <N extends TableName>(name: N, rows: readonly (RowInput<N> & Row)[]): Promise<void> =>
  writeRows(name, rows);

export async function writeRows(name: TableName, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const encoded = encodeRows(tables[name], rows);
  expect(encoded.refused).toEqual([]);
  // A table that was renamed a moment ago may fail inside QuestDB: that is no verdict, and every writer tries again.
  let answer = await http.write(name, encoded.body);
  for (let tries = 1; answer.kind === 'failed' && tries < 5; tries++) {
    await delay(200);
    answer = await http.write(name, encoded.body);
  }
  expect(answer).toEqual({ kind: 'stored' });
}

export const settled = (...names: string[]): Promise<void> =>
  requireSettled(http, clock, names, { waitMs: 20_000 });

interface Wall {
  readonly broker: number;
  readonly utc: number;
}

type Walls = (n: number, stepMs?: number) => Wall[];

/** What the broker's clock showed at each instant; the truth is `right`. */
const wallsOf =
  (below: (n: number) => number, right: ClockRule, near: readonly ClockRule[]): Walls =>
  (n, stepMs = 1) =>
    instants(below, [right, ...near], n).map((at) => {
      const utc = Math.floor(at / stepMs) * stepMs;
      return { utc, broker: right.toBroker(utcMs(utc)) };
    });

/** The row that a reader with this rule would have written of history, or null where it leaves it out. */
const historic = (rule: ClockRule, broker: number): { ts: number; utc_offset_s: number } | null => {
  const reading = rule.read(brokerMs(broker), { fold: 1 });
  return reading.occurrence === 'twice' ? null : { ts: reading.ms * 1000, utc_offset_s: reading.offsetS };
};

const SESSION_CELLS = [
  'feed',
  'kind',
  'broker_date',
  'windows',
  'condition',
  'rule_id',
  'ts',
  'ts_decided',
] as const;

const ACCOUNT = { account_id: 'x', login: 1, currency: 'USD' };

/** `near`: rules on the way, whose switches rows lie close to as well. */
export async function record(
  wrong: ClockRule,
  right: ClockRule,
  seed: number,
  near: readonly ClockRule[] = [],
) {
  const walls = wallsOf(random(seed), right, [wrong, ...near]);
  await write('accounts', [
    { ts: FROM * 1000, account: 'icm', server: SERVER, feed: 'f', ...ACCOUNT },
    { ts: FROM * 1000, account: 'other', server: 'Elsewhere', feed: 'g', ...ACCOUNT },
  ]);
  const expected = new Map<string, string[]>();
  const expectRow = (table: string, ...cells: (string | number | null)[]): void => {
    expected.set(table, [...(expected.get(table) ?? []), cells.join(' ')]);
  };
  const ticks: RowInput<'ticks'>[] = [];
  const events: RowInput<'bar_events'>[] = [];
  for (const [i, { broker, utc }] of walls(400).entries()) {
    const ts_recv = utc * 1000 + 40_000 + i;
    const near = { utcMs: ts_recv / 1000 };
    const old = wrong.read(brokerMs(broker), near);
    const source = i % 4 === 0 ? 'history' : 'live';
    const price = { bid: i, ask: i + 1, quality: null };
    const written =
      source === 'history' ? historic(wrong, broker) : { ts: old.ms * 1000, utc_offset_s: old.offsetS };
    const after =
      source === 'history' ? historic(right, broker) : { ts: utc * 1000, utc_offset_s: right.offsetAt(utc) };
    if (written === null) continue;
    ticks.push({ ...written, feed: 'f', symbol: 'EURUSD', ts_recv, source, ...price });
    ticks.push({
      ts: utc * 1000,
      utc_offset_s: 7200,
      feed: 'g',
      symbol: 'EURUSD',
      ts_recv,
      source,
      ...price,
    });
    expectRow('ticks', 'g', utc * 1000, 7200, ts_recv);
    if (after !== null) expectRow('ticks', 'f', after.ts, after.utc_offset_s, ts_recv);
    if (source === 'history') continue;
    events.push({
      ...written,
      feed: 'f',
      symbol: 'EURUSD',
      timeframe: 'M1',
      ts_recv,
      close: i,
    } as RowInput<'bar_events'>);
    if (after !== null) expectRow('bar_events', 'f', after.ts, after.utc_offset_s, ts_recv);
  }
  await write('ticks', ticks);
  await write('bar_events', events);
  // Bars: what the wrong rule made one was lost when it was written; a later answer replaces an earlier one.
  const bars = new Map<string, RowInput<'bars'> & { broker: number; timeframe: string }>();
  for (const [i, { broker: at }] of walls(300, 60_000).entries()) {
    const timeframe = ['M1', 'M15', 'H4'][i % 3] as string;
    const lengthMs = { M1: 60_000, M15: 900_000, H4: 4 * HOUR }[timeframe] as number;
    const broker = Math.floor(at / lengthMs) * lengthMs;
    const reading = wrong.read(brokerMs(broker), { fold: 1 });
    if (reading.occurrence === 'twice' && timeframe !== 'H4') continue;
    const row = {
      ts: reading.ms * 1000,
      utc_offset_s: reading.offsetS,
      feed: 'f',
      symbol: 'EURUSD',
      timeframe,
      close: i,
    };
    bars.set(`${row.ts} ${timeframe}`, { ...row, ts_seen: TO * 1000 + i, broker });
  }
  const final = new Map<string, string>();
  for (const { broker, close, timeframe } of bars.values()) {
    const reading = right.read(brokerMs(broker), { fold: 1 });
    if (reading.occurrence === 'twice' && timeframe !== 'H4') continue;
    final.set(`${reading.ms} ${timeframe}`, [timeframe, reading.ms * 1000, reading.offsetS, close].join(' '));
  }
  const told = [...bars.values()].map(({ broker: _broker, ...row }) => ({
    ...row,
    ts_seen: row.ts_seen ?? 0,
  }));
  await write('bars', told);
  await write('bar_revisions', told);
  expected.set('bars', [...final.values()]);
  const deals: RowInput<'deals'>[] = [];
  for (const [i, { broker }] of walls(200, 1000).entries()) {
    const row = historic(wrong, broker);
    if (row === null) continue;
    deals.push({ ...row, account: 'icm', deal_id: i + 1, ts_seen: TO * 1000 });
    const after = historic(right, broker);
    if (after !== null) expectRow('deals', i + 1, after.ts, after.utc_offset_s);
  }
  await write('deals', deals);
  await recordPositions(walls, [wrong, right, ...near], expectRow);
  await recordSessions(walls, wrong, right, expectRow);
  const claim = { account: 'icm', source: 'history', rows: 1, rule_id: wrong.id, range_id: 'history' };
  const positions = { feed: null, symbol: null, stream: 'positions', timeframe: null };
  const day = FROM * 1000;
  // A short claim of the right rule begins where the long one of the wrong rule will begin.
  const meets = moveTime(day, wrong, right, 2);
  const short = { ...claim, feed: null, symbol: null, stream: 'deals', timeframe: null, rule_id: right.id };
  if (meets !== day) await write('coverage', [{ ts: meets, ts_to: meets + HOUR * 1000, ...short }]);
  await write('coverage', [
    { ts: day, ts_to: TO * 1000, ...claim, feed: null, symbol: null, stream: 'deals', timeframe: null },
    { ts: day, ts_to: HALF * 1000, ...claim, ...positions },
    { ts: HALF * 1000, ts_to: TO * 1000, ...claim, ...positions, rule_id: right.id },
    { ts: day, ts_to: TO * 1000, ...claim, feed: 'f', symbol: 'EURUSD', stream: 'bars', timeframe: 'M1' },
  ]);
  await settled(...Object.keys(tables));
  return expected;
}

/** Wall clock that occurs once: what has no offset beside it can be told then. */
const occursOnce = (rule: ClockRule, broker: number): boolean => {
  const reading = rule.read(brokerMs(broker), { fold: 1 });
  return reading.occurrence !== 'twice' && rule.toBroker(utcMs(reading.ms)) === broker;
};

/** Closed round trips, and where histories begin: in the evidence, or by the claims alone. */
async function recordPositions(
  walls: Walls,
  rules: readonly ClockRule[],
  expectRow: (table: string, ...cells: (string | number)[]) => void,
): Promise<void> {
  const [wrong, right] = rules as [ClockRule, ClockRule];
  const positions: RowInput<'position_revisions'>[] = [];
  const limits: RowInput<'history_limits'>[] = [];
  const closes = walls(400, 1000);
  for (const [i, { broker }] of walls(400, 1000).entries()) {
    const closed = closes[i]?.broker ?? broker;
    if (![broker, closed].every((at) => rules.every((rule) => occursOnce(rule, at)))) continue;
    const as = (rule: ClockRule) => {
      const open = rule.read(brokerMs(broker), { fold: 1 });
      const ts_close = rule.read(brokerMs(closed), { fold: 1 }).ms * 1000;
      return { ts: open.ms * 1000, utc_offset_s: open.offsetS, ts_close };
    };
    // Claims of the later half name the right rule, and the opening alone can tell that they are wrong.
    const opened = as(wrong);
    const tells = right.offsetAt(opened.ts / 1000) !== opened.utc_offset_s;
    if (opened.ts_close >= HALF * 1000 && !tells && opened.ts_close !== as(right).ts_close) continue;
    const row = { account: 'icm', position_id: i + 1, ts_seen: TO * 1000, ...as(wrong) };
    positions.push(row as RowInput<'position_revisions'>);
    const { ts, ts_close, utc_offset_s } = as(right);
    for (const table of ['positions', 'position_revisions'])
      expectRow(table, i + 1, ts, utc_offset_s, ts_close);
    const told = i % 2 === 0;
    const evidence = told ? JSON.stringify({ asked_down_to: '1971', rule: wrong.id }) : null;
    const limit = { account: 'icm', feed: null, symbol: null, stream: 'deals', timeframe: null, evidence };
    limits.push({ ...limit, ts: TO * 1000 + i, ts_earliest: as(wrong).ts });
    expectRow('history_limits', TO * 1000 + i, ts, told ? (evidence?.replace(wrong.id, right.id) ?? '') : '');
  }
  await write('positions', positions);
  await write('position_revisions', positions);
  await write('history_limits', limits);
}

/** Decisions about trading sessions: dates near the switches of both rules, each as that date and as the first day of a week. */
async function recordSessions(
  walls: Walls,
  wrong: ClockRule,
  right: ClockRule,
  expectRow: (table: string, ...cells: (string | number)[]) => void,
): Promise<void> {
  const rows: RowInput<'trading_sessions'>[] = [];
  for (const [i, { broker }] of walls(60).entries()) {
    const midnight = brokerMs(Math.floor(broker / DAY) * DAY);
    const broker_date = new Date(midnight).toISOString().slice(0, 10);
    for (const kind of ['day', 'week']) {
      const said = {
        symbol: 'EURUSD',
        kind,
        broker_date: kind === 'day' ? broker_date : null,
        windows: `[["0${i % 10}:00","24:00"]]`,
        condition: 'observed',
        ts_decided: TO * 1000 + i,
        evidence: null,
      };
      const as = (feed: string, rule: ClockRule) => {
        const row = { ...said, feed, ts: rule.read(midnight, { fold: 1 }).ms * 1000, rule_id: rule.id };
        return { row, cells: SESSION_CELLS.map((name) => row[name] ?? '') };
      };
      rows.push(as('f', wrong).row, as('g', wrong).row);
      expectRow('trading_sessions', ...as('f', right).cells);
      expectRow('trading_sessions', ...as('g', wrong).cells);
    }
  }
  await write('trading_sessions', rows);
}

export async function stored(): Promise<Map<string, string[]>> {
  const of = async (table: string, columns: string, where = ''): Promise<[string, string[]]> => [
    table,
    (await http.exec(`SELECT ${columns} FROM ${table} ${where}`)).dataset
      .map((cells) => cells.join(' '))
      .toSorted(),
  ];
  await settled(...Object.keys(tables));
  return new Map([
    await of('ticks', 'feed, cast(ts as long), utc_offset_s, cast(ts_recv as long)'),
    await of('bar_events', 'feed, cast(ts as long), utc_offset_s, cast(ts_recv as long)'),
    await of('bars', 'timeframe, cast(ts as long), utc_offset_s, cast(close as long)'),
    await of('deals', 'deal_id, cast(ts as long), utc_offset_s'),
    await of('positions', 'position_id, cast(ts as long), utc_offset_s, cast(ts_close as long)'),
    await of('position_revisions', 'position_id, cast(ts as long), utc_offset_s, cast(ts_close as long)'),
    await of('history_limits', 'cast(ts as long), cast(ts_earliest as long), evidence'),
    await of(
      'trading_sessions',
      SESSION_CELLS.map((name) => (name.startsWith('ts') ? `cast(${name} as long)` : name)).join(', '),
    ),
  ]);
}
