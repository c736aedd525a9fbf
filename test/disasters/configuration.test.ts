// The configuration changes while accounts are recorded, are refused, or have not begun: the newest one wins, whatever the order, every field of
// it is taken up, and nothing that was begun for an older one stays behind.
import { Intake, TapeMemory } from '@fxtape/collector';
import { decodeFrame } from '@fxtape/fxsocket';
import { createLog, readServiceInfo, systemClock } from '@fxtape/ops';
import { TapeWriter } from '@fxtape/tape';
import { judge, report, type Service, until } from '@fxtape/testkit';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin, promiseKept } from './lane.ts';

const A = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const B = '1f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const scenario = {
  accounts: [
    { id: A, nickname: 'a', login: 1, server: 'One' },
    { id: B, nickname: 'b', login: 2, server: 'Two' },
  ],
  source: { kind: 'market', ticksPerSecond: 200, symbols: ['BTCUSD', 'ETHUSD', 'SOLUSD'] },
};

interface State {
  readonly accounts: readonly {
    readonly account: string;
    readonly phase: string;
    readonly reasons: readonly string[];
    readonly remarks: readonly string[];
    readonly streams: readonly { readonly symbol: string | null; readonly phase: string }[];
  }[];
}
const stateOf = async (service: Service): Promise<State> =>
  (await (await fetch(`${service.http}/state`)).json()) as State;
const reasons = async (service: Service): Promise<string> =>
  (await stateOf(service)).accounts
    .flatMap((one) => one.reasons.map((text) => `${one.account}: ${text}`))
    .join('\n');
const says = (service: Service, text: string) =>
  until(async () => (await reasons(service)).includes(text), { what: text, deadlineMs: 60_000, everyMs: 50 });

/** The tape of a former account whose rows wait for the clock: for a minute it holds up those that are sent after it. */
const waitingTape = async (dir: string, account: string): Promise<void> => {
  const memory = new TapeMemory(account);
  const clock = systemClock();
  const log = createLog({ service: 'test', level: 'silent' });
  const tape = await TapeWriter.open({ dir, account, head: () => memory.save(), clock });
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  intake.note('bound', {
    server: account,
    login: 1,
    restUrl: 'http://127.0.0.1:1',
    wsUrl: 'ws://127.0.0.1:1',
  });
  intake.note('clock', { spans: [{ fromUs: 0, rule: 'UTC+2h', confirmed: true, evidence: '' }] });
  const stream = { stream: 'ticks' as const, symbol: 'EURUSD', timeframe: null };
  intake.configure({ feed: account, replayed: false, streams: [stream] });
  for (let s = 0; s < 30; s++) {
    const recvUs = clock.nowUs() + s * 1_000_000;
    const serverTime = new Date(recvUs / 1000 + (s < 10 ? 2 : 3) * 3_600_000).toISOString();
    const frame = JSON.stringify({ type: 'terminal', data: { connected: true, serverTime } });
    const message = decodeFrame(frame);
    const entry = { conn: 1, recvUs, mark: 'clean', frame, json: true, binary: false, message };
    for (const line of tape.append([entry])) memory.apply(line, message);
  }
  await tape.close();
};

test('configuration: many changes within moments, the newest wins', async () => {
  const recording = await begin({ scenario });
  const service = await recording.collector();
  await recording.live(service);
  const symbols = ['BTCUSD', 'ETHUSD', 'SOLUSD'];
  for (let n = 0; n < 12; n++) {
    const accounts = [
      { id: A, name: 'demo', symbols: symbols.slice(n % 3) },
      ...(n % 2 === 0 ? [{ id: B, name: 'other', symbols: ['*'] }] : []),
    ];
    recording.configure({ accounts, timeframes: n % 4 < 2 ? ['M1'] : ['M1', 'H1'] });
    // Each is read for itself: the file is looked at once it has stood still for a moment.
    await new Promise((resolve) => setTimeout(resolve, 100 * (n % 5)));
  }
  recording.configure({
    accounts: [{ id: A, name: 'demo', symbols: ['ETHUSD', 'BTCUSD'] }],
    timeframes: ['D1'],
  });
  await until(
    async () => {
      const { accounts } = await stateOf(service);
      const [one] = accounts;
      const live = one?.streams.filter(({ phase, symbol }) => phase === 'live' && symbol !== null).length;
      return accounts.length === 1 && live === 4 && one?.phase === 'live';
    },
    { what: 'two symbols of one account', deadlineMs: 60_000, everyMs: 100 },
  );
  await recording.live(service);
  const metrics = await (await fetch(`${service.http}/metrics`)).text();
  expect(metrics).toContain('fxtape_account_state{account="demo",state="live"} 1');
  expect(metrics).toContain('fxtape_account_state{account="demo",state="stalled"} 0');
  await recording.moreTicks(400);
  await service.stop();
  expect(readServiceInfo(recording.dataDir, 'collector')).toBeNull();
});

test('configuration: another key, another account, and back; each is begun anew, and what is refused is tried again', async () => {
  const recording = await begin({ scenario });
  const service = await recording.collector(recording.dataDir, { WRONG_KEY: 'fxs_ro_wrong' });
  await recording.live(service);
  await recording.moreTicks(200);
  const usual = { id: A, name: 'demo' };
  for (const [change, word] of [
    [{ ...usual, key: 'WRONG_KEY' }, 'refused'],
    [{ ...usual, id: B }, 'ACCOUNT_MISMATCH'],
    [{ ...usual, key: 'NO_SUCH_KEY' }, 'refused'],
  ] as const) {
    recording.configure({ accounts: [change] });
    await says(service, word);
    expect((await fetch(`${service.http}/readyz`)).status).toBe(503);
    recording.configure({ accounts: [usual] });
    await recording.live(service);
    await recording.moreTicks(200);
  }
  await promiseKept('another key, another account', recording);
});

test.each(['while it records', 'while it is killed'])(
  'configuration: renamed %s, and its feed with it',
  async (when) => {
    const recording = await begin({ scenario, accounts: [{ id: A, name: 'old' }] });
    let service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(400);
    if (when === 'while it is killed') await service.kill('SIGKILL');
    recording.configure({ accounts: [{ id: A, name: 'new' }] });
    if (when === 'while it is killed') service = await recording.collector();
    const told = async (): Promise<boolean> =>
      (await stateOf(service)).accounts.some(
        ({ account, remarks }) => account === 'new' && remarks.join().includes('recorded as "old"'),
      );
    await until(told, { what: 'the old name to be told', deadlineMs: 60_000, everyMs: 100 });
    await recording.live(service);
    await recording.moreTicks(400);
    const openOf = async (): Promise<number> =>
      Number(
        (await recording.sql("SELECT count() FROM gaps WHERE account = 'old' AND ts_to IS NULL"))[0]?.[0],
      );
    await until(async () => (await openOf()) === 0, {
      what: 'no gap of the old name to last',
      deadlineMs: 60_000,
    });
    await recording.settle();
    // A symbol that comes minutes late has gaps that end as much later: nobody knows of its delay yet.
    const [[end]] = (await recording.sql(
      "SELECT min(us) FROM (SELECT symbol, max(cast(ts_to as long)) us FROM gaps WHERE feed = 'old' AND stream = 'ticks')",
    )) as [[number]];
    const [[from, to]] = (await recording.sql(
      "SELECT min(cast(ts as long)), max(cast(ts_to as long)) FROM coverage WHERE feed = 'new' AND stream = 'ticks'",
    )) as [[number, number]];
    const [[covered]] = (await recording.sql(
      "SELECT max(cast(ts_to as long)) FROM coverage WHERE feed = 'old'",
    )) as [[number]];
    expect(Number(covered)).toBeLessThanOrEqual(Number(from));
    expect(Number(end)).toBeLessThan(Number(to));
  },
);

test.each(['a tape of its own', 'no tape yet'])(
  'configuration: another account with %s goes on with the feed, and the tape before it is lost',
  async (has) => {
    const between = chance(`another account with ${has}`);
    const recording = await begin({ scenario, accounts: [{ id: A, name: 'first', feed: 'market' }] });
    const own = join(recording.dataDir, 'own');
    mkdirSync(own);
    if (has === 'a tape of its own') {
      recording.configure({ accounts: [{ id: B, name: 'second', feed: 'other' }] });
      const service = await recording.collector(own);
      await recording.live(service);
      await recording.moreTicks(between(100, 400));
      await service.kill('SIGKILL');
      recording.configure({ accounts: [{ id: A, name: 'first', feed: 'market' }] });
    }
    let service = await recording.collector();
    await recording.live(service);
    await recording.moreTicks(between(400, 2000));
    // A gap that is open goes on.
    const isOpen = between(0, 1) === 1;
    if (isOpen) {
      await recording.gateway.fault('refuse_upgrade', { status: 503, dropOpen: true });
      await until(async () => (await fetch(`${service.http}/readyz`)).status === 503, {
        what: 'a gap to be open',
        deadlineMs: 60_000,
      });
    }
    await delay(between(0, 5000));
    await service.kill('SIGKILL');
    await recording.gateway.command('release', {});
    await delay(between(0, 5000));
    recording.configure({ accounts: [{ id: B, name: 'second', feed: 'market' }] });
    service = await recording.collector(own);
    await recording.live(service);
    await recording.moreTicks(400);
    await recording.settle();
    const verdict = await judge(recording, 'market');
    process.stdout.write(
      `${report(`another account with ${has}, gap ${isOpen ? 'open' : 'none'}`, verdict)}\n`,
    );
    const { doubled, missing, unaccounted, unclaimedUs, wrong } = verdict;
    expect({ doubled, missing, unaccounted, unclaimedUs, wrong }).toEqual({
      doubled: 0,
      missing: 0,
      unaccounted: 0,
      unclaimedUs: 0,
      wrong: 0,
    });
    const open = "SELECT count() FROM gaps WHERE stream = 'ticks' AND feed = 'market' AND ts_to IS NULL";
    expect(await recording.sql(open)).toEqual([[0]]);
  },
);

test('configuration: renamed with its feed, while the market is quiet and the database lacks the end of the old tape', async () => {
  const between = chance('renamed with its feed');
  const recording = await begin({ scenario, accounts: [{ id: A, name: 'old', feed: 'market' }] });
  let service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(between(400, 1000));
  await recording.questdb.kill();
  await delay(between(0, 5000));
  await recording.gateway.command('pause');
  await delay(between(200, 1000));
  await service.kill('SIGKILL');
  await recording.questdb.start();
  recording.configure({ accounts: [{ id: A, name: 'new', feed: 'market' }] });
  service = await recording.collector();
  await recording.live(service);
  await recording.gateway.command('resume');
  await recording.moreTicks(400);
  await promiseKept('renamed with its feed', recording);
});

test('configuration: renamed with its feed while the database is away, and healed: the end of the old tape stands once', async () => {
  const between = chance('renamed and healed');
  const recording = await begin({
    scenario: { ...scenario, history: { days: 2, quoteTicks: 'full' } },
    clock: '"America/New_York+7h"',
    accounts: [{ id: A, name: 'old', feed: 'market' }],
    backfill: { bars: {}, ticks: false, deals: false },
    redis: true,
  });
  let service = await recording.collector();
  await recording.scheduler();
  await recording.backfill();
  await recording.live(service);
  await recording.moreTicks(between(2000, 4000));
  await recording.questdb.kill();
  await delay(between(20_000, 40_000));
  await service.kill('SIGKILL');
  for (const name of ['aaa', 'bbb']) await waitingTape(join(recording.dataDir, 'tape', name), name);
  recording.configure({
    accounts: [{ id: A, name: 'new', feed: 'market' }],
    backfill: { bars: {}, ticks: false, deals: false },
  });
  await recording.questdb.start();
  service = await recording.collector();
  await recording.moreTicks(4000, 300_000);
  await recording.live(service);
  const open =
    "SELECT count() FROM gaps WHERE feed = 'market' AND stream = 'ticks' AND cause = 'process_down' AND (ts_to IS NULL OR state = 'open')";
  await until(async () => Number((await recording.sql(open))[0]?.[0]) === 0, {
    what: 'the gap between the names to be healed',
    deadlineMs: 240_000,
    everyMs: 1000,
    retryErrors: true,
  });
  await recording.settle();
  const verdict = await judge(recording, 'market');
  process.stdout.write(`${report('renamed and healed', verdict)}\n`);
  const { doubled, missing, unaccounted, wrong } = verdict;
  expect({ doubled, missing, unaccounted, wrong }).toEqual({
    doubled: 0,
    missing: 0,
    unaccounted: 0,
    wrong: 0,
  });
  const history = await recording.sql("SELECT count() FROM ticks WHERE source = 'history'");
  expect(Number(history[0]?.[0])).toBeGreaterThan(0);
});

test('configuration: a feed passes to another account while the first one has no key, and the end of its tape is sent when it has one', async () => {
  const between = chance('a feed passes');
  const backfill = { bars: {}, ticks: false, deals: false } as const;
  const recording = await begin({
    scenario: { ...scenario, history: { days: 2, quoteTicks: 'full' } },
    clock: '"America/New_York+7h"',
    accounts: [{ id: A, name: 'first', feed: 'market' }],
    backfill,
    redis: true,
  });
  let service = await recording.collector();
  await recording.scheduler();
  await recording.backfill();
  await recording.live(service);
  await recording.moreTicks(between(2000, 4000));
  await recording.questdb.kill();
  await delay(between(10_000, 20_000));
  await service.kill('SIGKILL');
  const second = { id: B, name: 'second', feed: 'market' };
  const first = { id: A, name: 'first', feed: null };
  recording.configure({ accounts: [{ ...first, key: 'NO_SUCH_KEY' }, second], backfill });
  await recording.questdb.start();
  service = await recording.collector();
  await says(service, 'second: feed_waits (FEED_WAITS: the tape of "first"');
  await delay(between(5000, 15_000));
  const ofSecond = "FROM gaps WHERE account = 'second' AND stream = 'ticks' AND cause = 'process_down'";
  expect(await recording.sql(`SELECT count() ${ofSecond}`)).toEqual([[0]]);
  // Its key is back, or nothing of it is wanted any more.
  recording.configure({ accounts: between(0, 1) === 0 ? [first, second] : [second], backfill });
  await recording.live(service, 120_000);
  const open = `SELECT count() ${ofSecond} AND (ts_to IS NULL OR state = 'open')`;
  const all = `SELECT count() ${ofSecond}`;
  const count = async (sql: string) => Number((await recording.sql(sql))[0]?.[0]);
  await until(async () => (await count(all)) > 0 && (await count(open)) === 0, {
    what: 'the gap between the accounts to be healed',
    deadlineMs: 240_000,
    everyMs: 1000,
    retryErrors: true,
  });
  await recording.settle();
  const verdict = await judge(recording, 'market');
  process.stdout.write(`${report('a feed passes', verdict)}\n`);
  const { doubled, missing, unaccounted, wrong } = verdict;
  expect({ doubled, missing, unaccounted, wrong }).toEqual({
    doubled: 0,
    missing: 0,
    unaccounted: 0,
    wrong: 0,
  });
  expect(await count("SELECT count() FROM ticks WHERE source = 'history'")).toBeGreaterThan(0);
});

test('configuration: taken out while it waits for its gateway, and put in again', async () => {
  const recording = await begin({ scenario });
  await recording.gateway.fault('rest', { path: '/ServerTimezone', status: 503 });
  const service = await recording.collector();
  await says(service, 'waiting_for_gateway');
  for (let n = 0; n < 3; n++) {
    recording.configure({ accounts: [{ id: B, name: 'other' }] });
    await until(async () => (await stateOf(service)).accounts.every(({ account }) => account === 'other'), {
      what: 'the other account alone',
      deadlineMs: 20_000,
      everyMs: 50,
    });
    recording.configure({ accounts: [{ id: A, name: 'demo' }] });
    await says(service, 'demo: waiting_for_gateway');
    expect(await reasons(service)).not.toContain('TAPE_LOCKED');
  }
  await recording.gateway.command('release', {});
  await recording.live(service);
  await recording.moreTicks(200);
  await promiseKept('taken out and put in again', recording);
});

test('configuration: the account moves to other addresses while its socket is down', async () => {
  const recording = await begin({ scenario });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(200);
  const row = { id: A, nickname: 'a', platform: 'mt5', server: 'One', login: 1, status: 'connected' };
  const gone = {
    rest_url: `${recording.gateway.url}/gone`,
    ws_url: `${recording.gateway.url.replace('http', 'ws')}/gone`,
  };
  // Twice the list is wrong: when the address is looked up, and when the recording begins there. Then the right one is found again.
  for (let n = 0; n < 2; n++)
    await recording.gateway.command('inject', { path: `/v1/accounts/${A}`, body: { ...row, ...gone } });
  await recording.gateway.fault('refuse_upgrade', { status: 503, ms: 35_000, dropOpen: true });
  await until(async () => /waiting_for_gateway|refused/.test(await reasons(service)), {
    what: 'the other address',
    deadlineMs: 90_000,
    everyMs: 100,
  });
  await recording.live(service, 180_000);
  await recording.moreTicks(200);
  await promiseKept('other addresses', recording);
});
