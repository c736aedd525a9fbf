// Tapes of accounts that are not configured any more end: also one that ended in the middle of a question to the clock, and one that has
// nothing to send.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FeedOrder, Intake, Retirement, type RetireOptions, TapeMemory } from '@fxtape/collector';
import { decodeFrame } from '@fxtape/fxsocket';
import { type ClockSpan, saveLedger, type StreamKey } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  Database,
  QuestDbHttp,
  Reader,
  RecorderLease,
  TableWriter,
  WriteGate,
} from '@fxtape/questdb';
import { type Entry, listSegments, type Position, TapeWriter, writeCursor } from '@fxtape/tape';
import { startQuestDb, tempDir, until } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

const closers: (() => Promise<void>)[] = [];
const atTheEnd = (close: () => Promise<void>): void => void closers.push(close);
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const log = createLog({ service: 'test', level: 'silent' });
const SECONDS = 8;
const TICKS: StreamKey = { stream: 'ticks', symbol: 'EURUSD', timeframe: null };
const SPANS: ClockSpan[] = [{ fromUs: 0, rule: 'UTC', confirmed: true, evidence: '' }];

/** The tape of an account that was recorded until now, or until so many seconds ago. */
const recorded = async (dir: string, account: string, agoS = 1) => {
  const memory = new TapeMemory(account);
  const tape = await TapeWriter.open({ dir, account, head: () => memory.save(), clock: systemClock() });
  let nowMs = Date.now() - (SECONDS + agoS) * 1000;
  const clock = { ...systemClock(), nowUs: () => nowMs * 1000, nowMs: () => nowMs };
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const append = (more: Partial<Entry>, message: object | null = null): void => {
    const frame = message === null ? {} : { frame: JSON.stringify(message) };
    for (const line of tape.append([{ conn: 1, recvUs: nowMs * 1000, ...more, ...frame }]))
      memory.apply(line, line.frame === null ? null : decodeFrame(line.frame));
  };
  const tick = (ms: number): void => {
    const time = new Date(ms).toISOString();
    append({ mark: 'live' }, { type: 'tick', symbol: 'EURUSD', data: { bid: 1, ask: 2, time } });
  };
  const address = { restUrl: 'http://127.0.0.1:1', wsUrl: 'ws://127.0.0.1:1' };
  intake.note('bound', { server: 'Demo', login: 1, ...address });
  intake.note('clock', { spans: SPANS });
  intake.configure({ feed: account, streams: [TICKS] });
  append({ event: 'connected', data: {} });
  append({ event: 'subscribed', data: { sub: { topic: 'prices', symbol: 'EURUSD' } } });
  const beats = (seconds: number, offsetMs: number): void => {
    for (let s = 0; s < seconds; s++) {
      nowMs += 1000;
      const serverTime = new Date(nowMs + offsetMs).toISOString();
      append({ mark: 'clean' }, { type: 'terminal', data: { connected: true, serverTime } });
      tick(nowMs + offsetMs);
    }
  };
  beats(SECONDS, 0);
  return { beats, intake, memory, tape, tick, nowMs };
};

/** What retirement shares with the pipelines, over a real database. */
const sharing = async () => {
  const clock = systemClock();
  const server = await startQuestDb();
  atTheEnd(() => server.close());
  const http = new QuestDbHttp({ conf: server.conf });
  const stop = new AbortController();
  const database = new Database({ http, log, clock });
  const watching = database.watch(stop.signal);
  atTheEnd(async () => {
    stop.abort();
    await watching;
    http.close();
  });
  const identity = await database.ready(stop.signal);
  const lease = new RecorderLease({ http, clock, log, self: () => ({ id: 'this', place: 'here:/this' }) });
  const gate = new WriteGate({ http, clock, log, precondition: (signal) => lease.check(signal) });
  gate.watch(stop.signal);
  const writer = new TableWriter({ gate: gate.check, http, log, clock, random: Math.random });
  atTheEnd(async () => writer.close());
  const shared = {
    baseUrl: 'http://127.0.0.1:1',
    retentionMs: () => 0,
    writer,
    applied: new AppliedWatch({ http, clock }),
    reader: new Reader({ http, clock }),
    gate,
    database,
    lease,
    troubles: () => 0,
    agreed: { us: Number.POSITIVE_INFINITY },
    inHand: () => ({ maxLines: 1000, maxBytes: 1e6 }),
    clock,
  };
  return { http, identity, server, shared };
};

const orders = new WeakMap<Retirement, FeedOrder>();

function retiring(o: Omit<RetireOptions, 'order'>): Retirement {
  const order: FeedOrder = new FeedOrder({
    tapes: o.tapes,
    accounts: () => retirement.neighbours,
    knows: async () => true,
    listed: Promise.resolve(),
    clock: o.shared.clock,
    log,
  });
  const retirement: Retirement = new Retirement({ ...o, order });
  orders.set(retirement, order);
  return retirement;
}

/** As an account waits that has taken over the feed now. */
const sentBy = async (retirement: Retirement, feed: string, signal: AbortSignal): Promise<void> =>
  orders.get(retirement)?.untilSent('now', { feed, tsRecv: Number.MAX_SAFE_INTEGER }, () => {}, signal);

test('what waited when a tape ended is sent, and a tape that has nothing to send holds up no other', async () => {
  const { http, identity, shared } = await sharing();
  const data = tempDir('retire');
  atTheEnd(() => data.remove());
  const tapes = join(data.path, 'tape');
  writeFileSync(tapes, 'no folder');
  const retirement = retiring({ shared, tapes, ruleOf: () => null, log });
  atTheEnd(() => retirement.stop());
  await expect(retirement.addAll(new Set())).rejects.toMatchObject({ code: 'TAPE_IO' });
  rmSync(tapes);
  await retirement.addAll(new Set());
  mkdirSync(tapes);
  const sent = await recorded(join(tapes, 'a-sent'), 'a-sent');
  sent.intake.configure({ feed: 'a-sent', streams: [] });
  sent.intake.note('stop', {});
  await sent.tape.sync();
  const state = { v: 3, ledger: saveLedger(sent.memory.ledger.state), database: identity, witness: null };
  await writeCursor(join(tapes, 'a-sent'), { position: sent.tape.position.synced as Position, state });
  await sent.tape.close();
  const odd = await recorded(join(tapes, 'b-odd'), 'b-odd');
  odd.tick(odd.nowMs - 25 * 60_000);
  await odd.tape.close();

  await retirement.addAll(new Set());
  const rows = async (sql: string) => (await http.exec(sql)).dataset;
  await until(async () => (await rows("SELECT gap_id FROM gap_events WHERE event = 'ended'")).length === 2, {
    what: 'both gaps of the stream to end',
    deadlineMs: 45_000,
  });
  const counts = await rows('SELECT feed, quality, count() n FROM ticks ORDER BY n');
  expect(counts.map(([feed, quality, n]) => [feed, quality, Number(n)])).toEqual([
    ['b-odd', 'late', 1],
    ['b-odd', null, SECONDS],
  ]);
  // It was done at once: retention went on.
  expect(await listSegments(join(tapes, 'a-sent'))).toHaveLength(1);
});

test('the tape of an account that another data folder has recorded since is left as it is', async () => {
  const { http, shared } = await sharing();
  const other = new RecorderLease({
    http,
    clock: systemClock(),
    log,
    self: () => ({ id: 'other', place: 'there:/other' }),
  });
  const { signal } = new AbortController();
  await other.acquire({ account: 'moved', feed: 'moved' }, signal, { feed: null, setAside: async () => {} });
  await other.release('moved');
  const data = tempDir('retire');
  atTheEnd(() => data.remove());
  const { tape } = await recorded(join(data.path, 'moved'), 'moved');
  await tape.close();
  const told: string[] = [];
  const telling = createLog({ service: 'test', level: 'warn', write: (line) => void told.push(line) });
  const retirement = retiring({ shared, tapes: data.path, ruleOf: () => null, log: telling });
  atTheEnd(() => retirement.stop());
  await retirement.addAll(new Set());
  await until(async () => told.some((line) => line.includes('ACCOUNT_RECORDED_ELSEWHERE')), {
    what: 'the refusal',
    deadlineMs: 30_000,
  });
  expect((await http.exec('SELECT ts FROM ticks')).dataset).toEqual([]);
});

test('who waits for a tape waits as long as the database is away, and not a moment longer than wanted', async () => {
  const { server, shared } = await sharing();
  const data = tempDir('retire');
  atTheEnd(() => data.remove());
  for (const name of ['first', 'second']) {
    const { intake, tape } = await recorded(join(data.path, name), name);
    intake.configure({ feed: 'passed on', streams: [TICKS] });
    await tape.close();
  }
  await server.kill();
  const { clock } = shared;
  const fast = {
    ...clock,
    monoMs: () => clock.monoMs() * 20,
    setTimeout: (fn: () => void, ms: number) => clock.setTimeout(fn, ms / 20),
  };
  const told: string[] = [];
  const telling = createLog({ service: 'test', level: 'error', write: (line) => void told.push(line) });
  const retirement = retiring({
    shared: { ...shared, clock: fast },
    tapes: data.path,
    ruleOf: () => null,
    log: telling,
  });
  atTheEnd(() => retirement.stop());
  await retirement.addAll(new Set());
  const wait = new AbortController();
  let isOver = false;
  // The feed of before has rows on these tapes as well.
  const sent = ['first', 'passed on'].map((feed) =>
    sentBy(retirement, feed, wait.signal).then(() => (isOver = true)),
  );
  // More failures than a tape that cannot be read is given.
  const failures = () => told.filter((line) => line.includes('QDB_UNREACHABLE')).length;
  await until(async () => failures() >= 9, { what: 'the database to be missed', deadlineMs: 50_000 });
  expect(isOver).toBe(false);
  wait.abort();
  await Promise.all(sent);
});

test('another database gets a tape that was sent already, at once, and whoever waits for it waits again', async () => {
  const { http, identity, shared } = await sharing();
  const data = tempDir('retire');
  atTheEnd(() => data.remove());
  const { tape } = await recorded(join(data.path, 'former'), 'former');
  await tape.close();
  let now = { identity, epoch: new AbortController() };
  const database = {
    trouble: null,
    restored: () => {},
    ready: async () => now.identity,
    get epoch() {
      return now.epoch.signal;
    },
  };
  const retirement = retiring({ shared: { ...shared, database }, tapes: data.path, ruleOf: () => null, log });
  atTheEnd(() => retirement.stop());
  await retirement.addAll(new Set());
  const { signal } = new AbortController();
  const count = async () => Number((await http.exec('SELECT count() FROM ticks')).dataset[0]?.[0]);
  await sentBy(retirement, 'former', signal);
  expect(await count()).toBe(SECONDS);
  for (const table of ['ticks', 'coverage', 'gap_events', 'accounts', 'streams'])
    await http.exec(`TRUNCATE TABLE ${table}`);
  const before = now.epoch;
  now = { identity: 'another', epoch: new AbortController() };
  before.abort();
  await sentBy(retirement, 'former', signal);
  expect(await count()).toBe(SECONDS);
});

test.each([
  ['no other account knows its rule: it is set aside, inside a gap', null, SECONDS],
  ['another account of its server knows its rule', 'UTC+3h', 30 + SECONDS],
])('an account is removed while its rows wait for the clock, and %s', async (_, rule, stored) => {
  const { http, shared } = await sharing();
  const data = tempDir('retire');
  atTheEnd(() => data.remove());
  const { beats, tape } = await recorded(join(data.path, 'held'), 'held', 31);
  beats(30, 3 * 3_600_000);
  await tape.close();
  const { clock } = shared;
  const fast = {
    ...clock,
    monoMs: () => clock.monoMs() * 20,
    setTimeout: (fn: () => void, ms: number) => clock.setTimeout(fn, ms / 20),
  };
  const retirement = retiring({
    shared: { ...shared, clock: fast },
    tapes: data.path,
    ruleOf: () => rule,
    log,
  });
  atTheEnd(() => retirement.stop());
  await retirement.addAll(new Set());
  const rows = async (sql: string) => (await http.exec(sql)).dataset;
  const { signal } = new AbortController();
  await sentBy(retirement, 'of another', signal);
  await sentBy(retirement, 'held', signal);
  const ends = await rows("SELECT gap_id FROM gap_events WHERE evidence = 'not configured any more'");
  expect(ends.length).toBeGreaterThan(0);
  const counted = await rows('SELECT count() FROM ticks');
  expect(Number(counted[0]?.[0])).toBe(stored);
  const aside = await rows(
    "SELECT count() FROM gaps WHERE cause = 'rejected' AND datediff('s', ts_from, ts_to) BETWEEN 30 AND 40",
  );
  expect(Number(aside[0]?.[0])).toBe(rule === null ? 1 : 0);
  expect(Number((await rows('SELECT count() FROM rejected'))[0]?.[0])).toBe(rule === null ? 30 : 0);
  const dir = join(data.path, 'held');
  const open = () => TapeWriter.open({ dir, account: 'held', head: () => null, clock }).catch(() => null);
  const free = await until(open, { what: 'the tape to be free', deadlineMs: 30_000, everyMs: 200 });
  await free.close();
});
