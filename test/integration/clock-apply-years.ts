// Ten brokers over 25 years, each recorded under a wrong rule of its own, and a writer that knows nothing of pauses and goes on with those rules.
// In: how many rows, a seed. Out: rows in every table with times, and what has to stand there once the right rules hold.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ApplyJournal, dropOldTables, serverClocks } from '@fxtape/cli/clock-apply';
import {
  brokerMs,
  type ClockRule,
  parseClockRule,
  type Row,
  type TableName,
  type RowInput,
  tables,
  utcMs,
} from '@fxtape/market';
import { encodeRows, HistoryReader, QuestDbHttp, tableNames } from '@fxtape/questdb';
import { startNode } from '@fxtape/testkit';
import { expect } from 'vitest';
import { clock, http, random, server, settled, write, writeRows } from './clock-apply-rig.ts';

const [FROM, TO] = [Date.UTC(2001, 8, 1), Date.UTC(2026, 8, 1)];
const HOUR = 3_600_000;
/** Times around which the rows of a broker lie, most of them where one of its rules sets its clock. */
const PLACES = 6;

/** Wrong, another wrong one without an hour that repeats, right. */
const RULES = [
  ['UTC+2h', 'UTC+1h', 'America/New_York+7h'],
  ['UTC+3h', 'UTC+5h', 'Europe/Athens'],
  ['Europe/Athens', 'UTC+4h', 'America/New_York+7h'],
  ['America/New_York+7h', 'UTC+9h', 'Europe/London'],
  ['Europe/London', 'UTC', 'UTC+2h'],
  ['UTC+9h', 'UTC+2h', 'Europe/Athens until 2015-06-20T12:00Z then America/New_York+7h'],
  ['Europe/Berlin', 'UTC+7h', 'Asia/Tehran'],
  ['UTC', 'UTC-5h', 'Australia/Sydney'],
  ['Europe/Athens', 'UTC+3h', 'Europe/Moscow'],
  ['UTC-5h', 'UTC-3h', 'America/Chicago+8h'],
] as const;

export interface Broker {
  readonly name: string;
  readonly server: string;
  readonly wrong: ClockRule;
  readonly other: ClockRule;
  readonly right: ClockRule;
}

export const BROKERS: readonly Broker[] = RULES.map(([wrong, other, right], n) => ({
  name: `account-${n}`,
  server: `Server-${n}`,
  wrong: parseClockRule(wrong),
  other: parseClockRule(other),
  right: parseClockRule(right),
}));

const feedOf = ({ name }: Broker): string => `feed of ${name}`;

/** Of each table the rows that have to stand there, as texts. */
export type Expected = Map<string, string[]>;

interface Made {
  readonly id: number;
  readonly broker: Broker;
  readonly utc: number;
  /** What the clock of the broker showed. */
  readonly wall: number;
}

interface Time {
  readonly ts: number;
  readonly utc_offset_s: number;
}

/** A row of history as this rule reads it; null where it is left out. */
const historic = (rule: ClockRule, wall: number): Time | null => {
  const reading = rule.read(brokerMs(wall), { fold: 1 });
  return reading.occurrence === 'twice' ? null : { ts: reading.ms * 1000, utc_offset_s: reading.offsetS };
};

const live = (rule: ClockRule, wall: number, recvUs: number): Time => {
  const reading = rule.read(brokerMs(wall), { utcMs: recvUs / 1000 });
  return { ts: reading.ms * 1000, utc_offset_s: reading.offsetS };
};

type Add = <N extends TableName>(table: N, row: RowInput<N> & Row) => void;

export class Years {
  readonly expected: Expected = new Map();
  readonly #below: (n: number) => number;
  readonly #places = new Map<Broker, number[]>();
  #id = 0;

  constructor(seed: number) {
    this.#below = random(seed);
    for (const broker of BROKERS) {
      const switches = [broker.wrong, broker.right].flatMap((rule) => rule.switchesBetween(FROM, TO));
      // Few, because the server keeps every partition that it has read mapped for a while, and its system lets it map so many only.
      const places = Array.from({ length: PLACES }, (_, i) => {
        const near = i === 0 ? undefined : switches[this.#below(Math.max(1, switches.length))];
        return near?.utcMs ?? FROM + this.#below(TO - FROM);
      });
      this.#places.set(broker, places);
    }
  }

  /** `rows` of each table of each broker, claims that name the wrong rules, and who everybody is. */
  async record(rows: number): Promise<void> {
    await write(
      'accounts',
      BROKERS.map((broker) => ({
        ts: FROM * 1000,
        account: broker.name,
        account_id: 'x',
        login: 1,
        server: broker.server,
        currency: 'USD',
        feed: feedOf(broker),
      })),
    );
    await write(
      'coverage',
      BROKERS.flatMap((broker) => claims(broker)),
    );
    for (const [table, all] of this.make(rows)) await writeRows(table, all);
    await settled(...Object.keys(tables));
  }

  /**
   * Rows as a writer with the wrong rules makes them; what has to become of them is expected from now on. `once`: none of history in an hour
   * that occurs twice, whose rows are left out only as long as nobody has read it with the right rule.
   */
  make(each: number, once = false, brokers: readonly Broker[] = BROKERS): Map<TableName, Row[]> {
    const made = new Map<TableName, Row[]>();
    const add: Add = (table, row) => void made.set(table, [...(made.get(table) ?? []), row]);
    for (const broker of brokers)
      for (let i = 0; i < each; i++) {
        const one = this.#one(broker);
        this.#addLive(add, one);
        if (!once || historic(broker.right, one.wall) !== null) this.#addHistory(add, one);
      }
    return made;
  }

  #one(broker: Broker): Made {
    const places = this.#places.get(broker) ?? [];
    const at = (places[this.#below(PLACES)] ?? FROM) + this.#below(6 * HOUR) - 3 * HOUR;
    // A minute of its own: bars of one minute are one bar.
    const id = this.#id++;
    const utc = Math.floor(at / 60_000) * 60_000;
    return { id, broker, utc, wall: broker.right.toBroker(utcMs(utc)) };
  }

  #expect(table: string, id: number, ...cells: number[]): void {
    this.expected.set(table, [...(this.expected.get(table) ?? []), [id, ...cells].join(' ')]);
  }

  #addLive(add: Add, made: Made): void {
    const { broker, id, utc, wall } = made;
    const ts_recv = utc * 1000 + 40_000 + id;
    const time = live(broker.wrong, wall, ts_recv);
    const right = [utc * 1000, broker.right.offsetAt(utc)] as const;
    const of = { feed: feedOf(broker), symbol: 'EURUSD', ts_recv };
    add('ticks', { ...time, ...of, bid: id, ask: id + 1, source: 'live' });
    this.#expect('ticks', id, ...right);
    add('bar_events', { ...time, ...of, timeframe: 'M1', close: id });
    this.#expect('bar_events', id, ...right);
    add('trade_events', { ...time, account: broker.name, ts_recv, deal_id: id, degraded: false });
    this.#expect('trade_events', id, ...right);
    // Opened long before, at a time that occurs once: what was received tells no fold of it.
    const opened = historic(broker.wrong, wall);
    const should = historic(broker.right, wall);
    if (opened === null || should === null) return;
    const seen = TO * 1000 + id;
    const position = { ts: seen, account: broker.name, ticket: id, ts_open: opened.ts };
    add('position_events', { ...position, utc_offset_s: opened.utc_offset_s });
    this.#expect('position_events', id, should.ts, should.utc_offset_s);
  }

  #addHistory(add: Add, made: Made): void {
    const { broker, id, wall } = made;
    const time = historic(broker.wrong, wall);
    if (time === null) return;
    const should = historic(broker.right, wall);
    const ts_seen = TO * 1000 + id;
    // A symbol of its own: of two bars that are one instant the newer one would hold.
    const bar = { ...time, feed: feedOf(broker), symbol: `S${id}`, timeframe: 'M1', close: id, ts_seen };
    add('bars', bar);
    add('bar_revisions', bar);
    const deal = { ...time, account: broker.name, deal_id: id, ts_seen };
    add('deals', deal);
    add('deal_revisions', deal);
    if (should === null) return;
    for (const table of ['bars', 'bar_revisions', 'deals', 'deal_revisions'])
      this.#expect(table, id, should.ts, should.utc_offset_s);
  }
}

const claims = (broker: Broker): RowInput<'coverage'>[] => {
  const claim = {
    account: broker.name,
    ts: FROM * 1000,
    ts_to: TO * 1000,
    rows: 1,
    rule_id: broker.wrong.id,
  };
  const ofFeed = { feed: feedOf(broker), symbol: 'EURUSD' };
  return [
    { ...claim, ...ofFeed, stream: 'ticks', timeframe: null, range_id: 'live', source: 'live' },
    {
      ...claim,
      feed: null,
      symbol: null,
      stream: 'deals',
      timeframe: null,
      range_id: 'history',
      source: 'history',
    },
  ];
};

const STORED = {
  ticks: 'cast(bid as long), cast(ts as long), utc_offset_s',
  bar_events: 'cast(close as long), cast(ts as long), utc_offset_s',
  trade_events: 'deal_id, cast(ts as long), utc_offset_s',
  position_events: 'ticket, cast(ts_open as long), utc_offset_s',
  bars: 'cast(close as long), cast(ts as long), utc_offset_s',
  bar_revisions: 'cast(close as long), cast(ts as long), utc_offset_s',
  deals: 'deal_id, cast(ts as long), utc_offset_s',
  deal_revisions: 'deal_id, cast(ts as long), utc_offset_s',
} as const;

/** No row is lost, doubled, or at a wrong time, in any table; and no claim names a rule that is wrong. */
export async function expectYears({ expected }: Years): Promise<void> {
  await settled(...Object.keys(tables));
  for (const [table, columns] of Object.entries(STORED)) {
    const rows = (await http.exec(`SELECT ${columns} FROM ${table}`)).dataset.map((cells) => cells.join(' '));
    const should = expected.get(table) ?? [];
    const [has, wants] = [new Set(rows), new Set(should)];
    expect(
      {
        rows: rows.length,
        missing: should.filter((row) => !has.has(row)).slice(0, 5),
        surplus: rows.filter((row) => !wants.has(row)).slice(0, 5),
      },
      table,
    ).toEqual({ rows: should.length, missing: [], surplus: [] });
  }
  const rules = (await http.exec('SELECT DISTINCT account, rule_id FROM coverage ORDER BY account')).dataset;
  expect(rules).toEqual(BROKERS.map(({ name, right }) => [name, right.id]));
}

/** Writes without asking anybody, one broker after the other, until it is stopped; a row that is refused is written again. Returns how many batches were taken. */
export function startStubborn(years: Years): { stop: () => Promise<number> } {
  const own = new QuestDbHttp({ conf: server.conf });
  let stopped = false;
  const insist = async (table: TableName, rows: readonly Row[]): Promise<void> => {
    const { body, refused } = encodeRows(tables[table], rows);
    expect(refused).toEqual([]);
    for (;;) {
      const answer = await own.write(table, body);
      if (answer.kind === 'stored') return;
      await delay(20);
    }
  };
  const done = (async () => {
    let batches = 0;
    while (!stopped) {
      const one = BROKERS.slice(batches % BROKERS.length).slice(0, 1);
      for (const [table, rows] of years.make(1, true, one)) await insist(table, rows);
      batches++;
      await delay(200 + Math.random() * 1500);
    }
    own.close();
    return batches;
  })();
  return {
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

const rulesOf = (which: 'other' | 'right'): string =>
  JSON.stringify(Object.fromEntries(BROKERS.map((broker) => [broker.name, broker[which].id])));

/** A run of the correction in a process of its own; resolves when it has ended. `afterMs`: it is killed so long after its first word. */
async function run(dataDir: string, which: 'other' | 'right', killAt: string, afterMs?: number) {
  const file = fileURLToPath(new URL('clock-applier.ts', import.meta.url));
  const child = await startNode('applier', [file, server.conf, dataDir, rulesOf(which), killAt], { dataDir });
  let saidAtMs = 0;
  const timer = setInterval(() => {
    if (saidAtMs === 0 && child.logs !== '') saidAtMs = performance.now();
    const isDue = afterMs !== undefined && saidAtMs > 0 && performance.now() - saidAtMs >= afterMs;
    if (isDue) void child.kill('SIGKILL');
  }, 20);
  const { code, signal } = await child.exited;
  clearInterval(timer);
  const said = child.logs.trim().split('\n');
  // Somebody wrote at the wrong moment: it is typed again.
  const refused = child.logs.includes('CLOCK_APPLY_WRITERS');
  if (code !== 0 && signal !== 'SIGKILL' && !refused) throw new Error(child.logs);
  return { killed: signal === 'SIGKILL', done: code === 0, last: said.at(-1) ?? '' };
}

/**
 * Corrects to the right rules and is killed at each step that `steps` names, once; in between the rules are changed and changed back. Goes on
 * until nothing is left to correct and the old tables are dropped. Returns at how many steps it was killed.
 */
export async function correctKilled(o: {
  readonly dataDir: string;
  readonly steps: RegExp;
  /** Before every so manyth run the rules are changed for a moment. */
  readonly changeEvery: number;
  /** Called when no kill is left to be made. */
  readonly onLast: () => Promise<void>;
}): Promise<number> {
  const file = join(o.dataDir, 'killed.json');
  writeFileSync(file, '[]');
  let kills = 0;
  for (let n = 1; ; n++) {
    if (n % o.changeEvery === 0) {
      // While it takes the correction back, or when it has begun anew.
      const changed = await run(o.dataDir, 'other', 'pausing', Math.random() * 3000);
      process.stdout.write(`  the rules changed and changed back: last said "${changed.last}"\n`);
    }
    const { done, killed, last } = await run(o.dataDir, 'right', `${file},${o.steps.source}`);
    if (killed) {
      kills++;
      process.stdout.write(`  kill ${kills} at "${last}"\n`);
    }
    if (done) break;
  }
  await o.onLast();
  for (;;) if ((await run(o.dataDir, 'right', 'never')).last === 'nothing to do') break;
  const configured = BROKERS.map(({ name, right }) => ({ name, clock: { rule: right.id, replayed: false } }));
  const { servers } = await serverClocks({ configured, reader: new HistoryReader({ http, clock }), http });
  await dropOldTables({ http, clock, servers, journal: new ApplyJournal({ http, clock }) });
  expect((await tableNames(http)).filter((name) => /_(before|corrected)_/.test(name))).toEqual([]);
  return kills;
}
