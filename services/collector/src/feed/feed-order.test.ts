// Whose rows of a feed go first, and when the others may follow: over real tapes of accounts that have begun, and of some that have not.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame } from '@fxtape/fxsocket';
import type { StreamKey } from '@fxtape/market';
import { type Log, systemClock } from '@fxtape/ops';
import { listSegments, type Position, TapeWriter, writeCursor } from '@fxtape/tape';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FeedOrder, type FeedOrderOptions, type Neighbour } from './feed-order.ts';
import { TapeMemory } from '../tape/tape-memory.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const us = (second: number): number => (START_MS + second * 1000) * 1000;
const TICKS: StreamKey = { stream: 'ticks', symbol: 'EURUSD', timeframe: null };

let tapes = '';
let stop = new AbortController();
beforeEach(() => {
  tapes = mkdtempSync(join(tmpdir(), 'fxtape-order-'));
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(tapes, { recursive: true });
});

/** A tape that has recorded feeds one after the other, a tick in each second from the first one to the last one. */
async function recorded(name: string, feeds: readonly [string | null, number, number][]) {
  const memory = new TapeMemory(name);
  const dir = join(tapes, name);
  const clock = systemClock();
  const tape = await TapeWriter.open({ dir, account: name, head: () => memory.save(), clock });
  const places = new Map<number, Position>();
  for (const [feed, from, to] of feeds) {
    const configured = { feed, streams: feed === null ? [] : [TICKS] };
    const recvUs = us(from) - 500_000;
    for (const line of tape.append([{ conn: 0, recvUs, event: 'configured', data: configured }]))
      memory.apply(line, null);
    // What left a feed stands in the heads as well.
    tape.rotate();
    for (let second = from; second <= to && feed !== null; second++) {
      const time = new Date(START_MS + second * 1000).toISOString();
      const frame = JSON.stringify({ type: 'tick', symbol: 'EURUSD', data: { bid: second, ask: 9, time } });
      const entry = { conn: 1, recvUs: us(second), mark: 'live', frame, json: true };
      for (const line of tape.append([entry])) memory.apply(line, decodeFrame(frame));
      await tape.sync();
      places.set(second, tape.position.synced as Position);
    }
  }
  await tape.close();
  return { memory, dir, places };
}

const idle = { failures: [], openFeed: null, appliedUs: 0 };
const notBegun = (name: string, more: Partial<Neighbour> = {}): Neighbour => ({
  ...idle,
  config: { name },
  parts: null,
  ...more,
});

/** Begun: its rows are applied up to a second, or nobody knows yet. */
const begun = (name: string, memory: TapeMemory, appliedS: number | null) => ({
  ...idle,
  config: { name },
  failures: [] as Neighbour['failures'][number][],
  parts: {
    memory,
    outflow: {
      state: {
        phase: 'sending' as 'sending' | 'paused' | 'feed_waits',
        appliedTsRecv: appliedS === null ? null : us(appliedS),
        readTsRecv: null as number | null,
        waitsAtUs: null as number | null,
      },
    },
    checkpoints: { confirmed: null },
  },
});

/** `second` takes over the feed at a second; accounts may be changed while it waits. */
function waiting(
  accounts: Neighbour[] | (() => Neighbour[]),
  o: { feed?: string; atS?: number; account?: string; knows?: FeedOrderOptions['knows'] } = {},
) {
  const { knows = async () => true } = o;
  const { account = 'second', atS = 100, feed = 'market' } = o;
  const says = vi.fn<(reason: string) => void>();
  const real = systemClock();
  // A look follows the other at once.
  const clock = { ...real, setTimeout: (fn: () => void) => real.setTimeout(fn, 0) };
  const log: Pick<Log, 'warn'> = { warn: vi.fn() };
  const listed = Promise.withResolvers<void>();
  const all = typeof accounts === 'function' ? accounts : () => accounts;
  const order = new FeedOrder({ tapes, accounts: all, knows, listed: listed.promise, clock, log });
  let isDone = false;
  const of = { feed, tsRecv: us(atS) };
  const done = order.untilSent(account, of, says, stop.signal).then(() => {
    isDone = true;
  });
  return {
    says,
    listed,
    done,
    waits: async (name: string) => {
      listed.resolve();
      await vi.waitFor(() => expect(says.mock.calls.at(-1)?.[0]).toContain(`the tape of "${name}"`));
      expect(isDone).toBe(false);
    },
  };
}

test('an account that sends: its ticks of the feed go first, and then the others follow', async () => {
  const { memory } = await recorded('first', [
    ['market', 0, 50],
    [null, 60, 60],
  ]);
  const first = begun('first', memory, null);
  const wait = waiting([first]);
  await wait.waits('first');
  first.parts.outflow.state.appliedTsRecv = us(49);
  await wait.waits('first');
  // Which database has them is asked anew.
  Object.assign(first.parts.outflow.state, { phase: 'paused', appliedTsRecv: us(70) });
  await wait.waits('first');
  expect(wait.says).toHaveBeenLastCalledWith(
    'the tape of "first" has older ticks of the feed "market" that QuestDB may lack, and they go first; if "first" is configured, see its state or remove it from the configuration, otherwise see its lines in the collector\'s log',
  );
  first.parts.outflow.state.phase = 'sending';
  await wait.done;
});

test('an account that cannot begin: its cursor says what was sent', async () => {
  const { dir, memory, places } = await recorded('first', [
    ['market', 0, 50],
    [null, 60, 60],
  ]);
  const wait = waiting([notBegun('first')]);
  await wait.waits('first');
  const confirmed = async (second: number) => {
    const witness = { table: 'ticks', ts: us(second), is: {}, atUs: us(second) };
    const state = { v: 3, ledger: memory.save().ledger, database: '1', witness };
    await writeCursor(dir, { position: places.get(second) as Position, state });
  };
  await confirmed(49);
  await wait.waits('first');
  await confirmed(50);
  await wait.done;
});

test('nobody waits for other feeds, for what came later, for itself, or for what cannot be read', async () => {
  const { memory: other } = await recorded('other', [['b', 0, 10]]);
  const { memory: later } = await recorded('later', [['market', 110, 120]]);
  const { memory: self } = await recorded('second', [['market', 0, 10]]);
  const { memory: unread } = await recorded('unread', [['market', 0, 10]]);
  // Its file cannot be read.
  const [segment] = await listSegments(join(tapes, 'unread'));
  mkdirSync((segment?.path ?? '').replace('unread', 'odd'), { recursive: true });
  const failing = begun('unread', unread, null);
  failing.failures.push({ part: 'sending', code: 'TAPE_IO', message: 'EIO', times: 6 });
  const wait = waiting([
    notBegun('none'),
    notBegun('odd'),
    notBegun('other'),
    begun('other', other, null),
    begun('later', later, 105),
    begun('second', self, null),
    failing,
    // Former accounts, and those that ended in order.
    notBegun('unread', { appliedUs: Number.POSITIVE_INFINITY }),
    notBegun('later', { appliedUs: us(100) }),
  ]);
  wait.listed.resolve();
  await wait.done;
  // What cannot be read may be read a moment later.
  const told = new Set(wait.says.mock.calls.map(([reason]) => /"(.*?)"/.exec(reason)?.[1]));
  expect([...told]).toEqual(['odd']);
  expect(wait.says).toHaveBeenCalledTimes(59);
});

test('nobody follows before it is known whose tapes there are', async () => {
  await recorded('former', [['market', 0, 50]]);
  const accounts: Neighbour[] = [];
  const wait = waiting(accounts);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(wait.says).not.toHaveBeenCalled();
  accounts.push(notBegun('former'));
  await wait.waits('former');
});

test('a coverage range says nothing of what was sent: it begins by the broker’s clock', async () => {
  const { dir, memory, places } = await recorded('first', [['market', 0, 50]]);
  const wait = waiting([notBegun('first')]);
  const witness = { table: 'coverage', ts: us(900), is: {}, atUs: us(900) };
  const state = { v: 3, ledger: memory.save().ledger, database: '1', witness };
  await writeCursor(dir, { position: places.get(10) as Position, state });
  await wait.waits('first');
});

test('a feed is free when no other account has its socket open for it', async () => {
  const accounts = [
    notBegun('second', { openFeed: 'market' }),
    notBegun('other', { openFeed: 'b' }),
    notBegun('first', { openFeed: 'market' }),
  ];
  const { clock, log, listed } = { clock: systemClock(), log: { warn: vi.fn() }, listed: Promise.resolve() };
  const order = new FeedOrder({
    tapes,
    accounts: () => accounts,
    knows: async () => true,
    listed,
    clock,
    log,
  });
  let isFree = false;
  const freed = order.untilFree('second', 'market', stop.signal).then(() => (isFree = true));
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(isFree).toBe(false);
  accounts.pop();
  await freed;
  accounts.push(notBegun('first', { openFeed: 'market' }));
  const never = order.untilFree('second', 'market', stop.signal);
  stop.abort(new Error('stop'));
  await expect(never).rejects.toThrow('stop');
});

test('a feed that the tape left long ago, for another one, is known after a restart', async () => {
  await recorded('first', [
    ['market', 0, 10],
    ['other', 20, 30],
    [null, 40, 40],
  ]);
  for (const feed of ['market', 'other']) await waiting([notBegun('first')], { feed }).waits('first');
});

test('two accounts that have exchanged their feeds do not wait for each other', async () => {
  const { memory: a } = await recorded('a', [
    ['x', 0, 50],
    ['y', 100, 150],
  ]);
  const { memory: b } = await recorded('b', [
    ['y', 0, 51],
    ['x', 101, 150],
  ]);
  // Each has sent what it recorded before.
  const accounts = [begun('a', a, 50), begun('b', b, 51)];
  for (const [account, feed, atS] of [
    ['a', 'y', 99],
    ['b', 'x', 100],
  ] as const) {
    const wait = waiting(accounts, { account, feed, atS });
    wait.listed.resolve();
    await wait.done;
  }
});

test('of two that have recorded each other’s feed the one with the earlier takeover goes on', async () => {
  // Both tapes are read from the start: each holds the feed of the other, but nothing that is older than the other’s takeover.
  const { memory: a } = await recorded('a', [
    ['y', 105, 150],
    ['x', 200, 250],
  ]);
  const { memory: f } = await recorded('f', [
    ['x', 103, 150],
    ['y', 200, 250],
  ]);
  const [one, other] = [begun('a', a, 100), begun('f', f, 101)];
  Object.assign(one.parts.outflow.state, { phase: 'feed_waits', waitsAtUs: us(105), readTsRecv: us(100) });
  Object.assign(other.parts.outflow.state, { phase: 'feed_waits', waitsAtUs: us(103), readTsRecv: us(101) });
  const accounts = [one, other];
  await waiting(accounts, { account: 'a', feed: 'y', atS: 105 }).waits('f');
  const earlier = waiting(accounts, { account: 'f', feed: 'x', atS: 103 });
  earlier.listed.resolve();
  await earlier.done;
  // Not before what stands in front of the takeover is applied.
  one.parts.outflow.state.readTsRecv = us(102);
  await waiting(accounts, { account: 'f', feed: 'x', atS: 103 }).waits('a');
});

test('a cursor counts for the database that confirmed it, and for no other', async () => {
  const { dir, memory, places } = await recorded('first', [['market', 0, 50]]);
  const witness = { table: 'ticks', ts: us(50), is: {}, atUs: us(50) };
  const state = { v: 3, ledger: memory.save().ledger, database: '1', witness };
  await writeCursor(dir, { position: places.get(50) as Position, state });
  let identity = '2';
  const wait = waiting([notBegun('first')], {
    knows: (checkpoints) => checkpoints.isOf(identity, async () => identity !== 'an older copy'),
  });
  await wait.waits('first');
  identity = '1';
  await wait.done;
});

test('the wait ends at once when it is called off', async () => {
  const { memory } = await recorded('first', [['market', 0, 50]]);
  const wait = waiting([begun('first', memory, null)]);
  await wait.waits('first');
  stop.abort();
  await wait.done;
});

test('a wait goes on when the account is removed and added again', async () => {
  const { memory } = await recorded('first', [['market', 0, 50]]);
  let accounts: Neighbour[] = [notBegun('first')];
  let looks = 0;
  const wait = waiting(() => {
    // Its tape is free; it stands among the others a moment later.
    if (++looks === 3) {
      accounts = [];
      void Promise.resolve().then(() => accounts.push(begun('first', memory, null)));
    }
    return accounts;
  });
  await wait.waits('first');
  await vi.waitFor(() => expect(looks).toBeGreaterThan(8));
  await wait.waits('first');
});
