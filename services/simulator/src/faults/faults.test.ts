import { afterEach, describe, expect, it } from 'vitest';
import type { ScenarioInput } from '../scenario.ts';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, get, socketUrl, TestClient, until } from '../../testing/client.ts';

const QUIET: ScenarioInput = {
  // Ticks come only when a test makes them.
  source: { kind: 'market', ticksPerSecond: 0, startUtc: '2026-06-10T10:00:00Z' },
  heartbeatMs: 20,
  snapshotWaitMs: 60_000,
};

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

async function quiet(over: ScenarioInput = {}): Promise<Simulator> {
  simulator = await startSimulator({ ...QUIET, ...over });
  return simulator;
}

/** A client on prices of EURUSD, snapshot received. */
async function onPrices(sim: Simulator): Promise<TestClient> {
  const client = await connect(sim);
  await client.subscribe('prices', 'EURUSD');
  await until('the snapshot', () => client.ticks().length === 1);
  return client;
}

/** Makes ticks with these bids, in steps of a pip, so that they can be told apart. */
const emit = (sim: Simulator, bids: readonly number[]): number =>
  sim.emit(
    'EURUSD',
    bids.map((bid) => ({ bid: bid / 1000, ask: (bid + 1) / 1000 })),
  );

/** Ticks and warnings in order: bids as given to `emit`. */
const story = (client: TestClient): unknown[] =>
  client.frames
    .filter(({ type }) => type === 'tick' || type === 'warning' || type === 'subscribed')
    .map((frame) => {
      if (frame.type === 'subscribed') return 'ack';
      if (frame.type === 'warning') return `dropped ${String(frame['dropped'])}`;
      return Math.round((frame['data'] as { bid: number }).bid * 1000);
    });

/** Story after the acknowledgement and the snapshot of `onPrices`. */
const live = (client: TestClient): unknown[] => story(client).slice(2);

const marks = (sim: Simulator): unknown[] =>
  [...(sim.ledger() ?? [])].map(({ conn, withheld }) => (withheld ? 'withheld' : conn));

describe('the socket', () => {
  it('close: says good-bye with the code', async () => {
    const sim = await quiet();
    expect(sim.fault({ kind: 'close', code: 1012 }).accounts).toMatchObject([{ applied: false }]);
    const client = await onPrices(sim);
    emit(sim, [1]);
    sim.fault({ kind: 'close', code: 1012, reason: 'restart' });
    emit(sim, [2]);
    expect(await until('closed', () => client.closed)).toEqual({ code: 1012, reason: 'restart' });
    expect(live(client)).toEqual([1]);
    expect(marks(sim)).toEqual([1, null]);
    expect(sim.state().accounts[0]?.connections).toMatchObject([{ conn: 1, code: 1012, endedBy: 'close' }]);
  });

  it('reset: ends without a good-bye', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'reset' });
    expect(await until('closed', () => client.closed)).toMatchObject({ code: 1006 });
    expect(client.socketError?.message).toContain('ECONNRESET');
  });

  it('half_open: neither reads nor writes, and delivers what waited when it comes back', async () => {
    const sim = await quiet({ queueFrames: 4 });
    const client = await onPrices(sim);
    let pongs = 0;
    client.ws.on('pong', () => pongs++);
    const { id } = sim.fault({ kind: 'half_open' });
    emit(sim, [1, 2, 3, 4, 5, 6]);
    client.ws.ping();
    client.request({ action: 'list' });
    // The other direction still lives: what the server does is seen on another route.
    await get(sim, '/status');
    expect([live(client), pongs, client.of('subscriptions').length, client.closed]).toEqual([[], 0, 0, null]);
    expect(sim.state().accounts[0]).toMatchObject({ queued: 4, withheld: 2, conn: 1 });
    sim.release({ id });
    await until('what waited', () => live(client).length === 5 && pongs === 1);
    expect(live(client)).toEqual([1, 2, 3, 4, 'dropped 2']);
    await until('the list', () => client.of('subscriptions').length === 1);
    expect(marks(sim)).toEqual([1, 1, 1, 1, 'withheld', 'withheld']);
  });

  it('half_open: a new socket of the account takes over, what waited is lost', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'half_open' });
    emit(sim, [1, 2]);
    client.ws.terminate();
    const next = await onPrices(sim);
    emit(sim, [3]);
    await until('a tick', () => live(next).length === 1);
    expect(marks(sim)).toEqual(['withheld', 'withheld', 2]);
  });

  it('slow_read: goes on writing and does not hear', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'slow_read' });
    client.request({ action: 'list' });
    emit(sim, [1]);
    await until('the tick', () => live(client).length === 1);
    await get(sim, '/status');
    expect(client.of('subscriptions')).toEqual([]);
    sim.release();
    await until('the list', () => client.of('subscriptions')[0]);
  });

  it('evict: now, and again a while after the next connections opened', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'evict', count: 3, afterMs: 5 });
    await until('evicted', () => client.closed);
    for (let i = 0; i < 2; i++) {
      const next = await connect(sim);
      await until('evicted again', () => next.closed);
    }
    const last = await onPrices(sim);
    emit(sim, [1]);
    await until('a tick', () => live(last).length === 1);
    expect(sim.state().accounts[0]?.connections.map(({ endedBy }) => endedBy)).toEqual([
      'evicted',
      'evicted',
      'evicted',
      null,
    ]);
  });

  it('refuse_upgrade: with a status, this many times', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'refuse_upgrade', status: 502, count: 2 });
    for (let i = 0; i < 2; i++) {
      const client = new TestClient(socketUrl(sim));
      expect((await until('a refusal', () => client.error)).message).toContain('502');
    }
    await connect(sim);
    const { id } = sim.fault({ kind: 'refuse_upgrade', dropOpen: true });
    const client = new TestClient(socketUrl(sim));
    expect((await until('a refusal', () => client.error)).message).toContain('503');
    sim.release({ id });
    await connect(sim);
  });
});

describe('withhold', () => {
  it.each([
    ['drop_newest', 'last', [1, 2, 3, 'dropped 5'], [1, 1, 1, ...Array(5).fill('withheld')]],
    ['drop_newest', 'in_place', [1, 2, 3, 'dropped 5'], [1, 1, 1, ...Array(5).fill('withheld')]],
    ['drop_oldest', 'last', [6, 7, 8, 'dropped 5'], [...Array(5).fill('withheld'), 1, 1, 1]],
    ['drop_oldest', 'in_place', ['dropped 5', 6, 7, 8], [...Array(5).fill('withheld'), 1, 1, 1]],
  ])('%s, warning %s: ends by itself after the count', async (mode, warning, expected, inLedger) => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'withhold', mode, warning, count: 5, queueFrames: 3 });
    emit(sim, [1, 2, 3, 4, 5, 6, 7, 8]);
    await until('the rest', () => live(client).length === 4);
    emit(sim, [9]);
    await until('an ordinary tick', () => live(client).length === 5);
    expect(live(client)).toEqual([...expected, 9]);
    expect(marks(sim)).toEqual([...inLedger, 1]);
    expect(sim.state().accounts[0]).toMatchObject({ written: 4, withheld: 5, dropped: 5 });
  });

  it('keeps the count exact inside a long burst', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'withhold', count: 2, queueFrames: 1 });
    emit(sim, [1, 2, 3, 4, 5]);
    await until('all', () => live(client).length === 4);
    expect(live(client)).toEqual([1, 'dropped 2', 4, 5]);
  });

  it('delays heartbeats together with the ticks', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    await client.subscribe('terminal');
    await until('a heartbeat', () => client.of('terminal').length > 0);
    const { id } = sim.fault({ kind: 'withhold', queueFrames: 1000 });
    const before = client.of('terminal').length;
    await until('heartbeats wait', () => (sim.state().accounts[0]?.queued ?? 0) > 3);
    emit(sim, [1]);
    expect(client.of('terminal').length - before).toBeLessThan(2);
    sim.release({ id });
    await until('the tick', () => live(client).includes(1));
    expect(
      client.frames.findIndex(({ type, data }) => type === 'tick' && (data as { bid: number }).bid < 1),
    ).toBeGreaterThan(before + 3);
    expect(client.of('warning')).toEqual([]);
  });

  it.each([
    ['drop_newest', 'delivered', [1, 2], [1, 1, 'withheld', 'withheld']],
    ['drop_oldest', 'delivered', [3, 4], ['withheld', 'withheld', 1, 1]],
    ['drop_newest', 'lost', [], Array(4).fill('withheld')],
  ])('reset_before_warning: %s, survivors %s', async (policy, survivors, expected, inLedger) => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({
      kind: 'withhold',
      mode: 'reset_before_warning',
      policy,
      survivors,
      count: 2,
      queueFrames: 2,
    });
    emit(sim, [1, 2, 3, 4]);
    expect(await until('reset', () => client.closed)).toMatchObject({ code: 1006 });
    expect(live(client)).toEqual(expected);
    expect(client.of('warning')).toEqual([]);
    expect(marks(sim)).toEqual(inLedger);
  });

  it('happens by itself when a client does not read', async () => {
    const sim = await quiet({ queueFrames: 100 });
    const client = await onPrices(sim);
    client.ws.pause();
    const bids = Array.from({ length: 80_000 }, (_, i) => 1000 + (i % 1000));
    emit(sim, bids);
    const { dropped, written, withheld } = sim.state().accounts[0] ?? {};
    expect(dropped).toBeGreaterThan(0);
    client.ws.resume();
    await until('the warning', () => client.of('warning').length > 0);
    emit(sim, [1]);
    await until('an ordinary tick', () => live(client).at(-1) === 1);
    expect(client.of('warning')).toEqual([{ type: 'warning', dropped }]);
    expect((written ?? 0) + (withheld ?? 0)).toBeGreaterThan(80_000 - 101);
    expect(client.liveTicks().length).toBe(sim.state().accounts[0]?.written);
  });
});

describe('snapshots', () => {
  it.each([
    ['plain', 'before_snapshot', ['ack', 7, 8, 9]],
    ['plain', 'after_snapshot', [7, 'ack', 8, 9]],
    ['before_live_of_same', 'before_snapshot', ['ack', 8, 8, 9]],
    ['before_live_of_same', 'after_snapshot', [8, 8, 'ack', 9]],
    ['after_live_of_same', 'before_snapshot', ['ack', 8, 8, 9]],
    ['after_live_of_same', 'after_snapshot', [8, 8, 'ack', 9]],
    ['overtaken', 'before_snapshot', ['ack', 8, 7, 9]],
    ['overtaken', 'after_snapshot', [8, 7, 'ack', 9]],
  ])('%s with the ack %s', async (order, ack, expected) => {
    const sim = await quiet();
    emit(sim, [7]);
    sim.fault({ kind: 'snapshot_order', order, ack });
    const client = await connect(sim);
    client.request({ action: 'subscribe', topic: 'prices', symbol: 'EURUSD' });
    await until('subscribed', () => sim.state().accounts[0]?.subscriptions.length === 1);
    emit(sim, [8, 9]);
    await until('all', () => story(client).length === 4);
    expect(story(client)).toEqual(expected);
    expect(marks(sim)).toEqual([null, 1, 1]);
  });

  it('come plain when no tick does, and in turn with rotate', async () => {
    const sim = await quiet({ snapshotWaitMs: 20, snapshotOrder: 'rotate' });
    const client = await connect(sim);
    for (const symbol of ['EURUSD', 'GBPUSD', 'BTCUSD', 'XAUUSD', 'USDJPY', 'USDCHF']) {
      client.request({ action: 'subscribe', topic: 'prices', symbol });
    }
    await until('six of each', () => client.ticks().length === 6 && client.of('subscribed').length === 6);
    expect(client.frames.slice(0, 2).map(({ type }) => type)).toEqual(['subscribed', 'tick']);
  });

  it('linger: live ticks do not wait for them, and they state the tick of then or of now', async () => {
    const sim = await quiet();
    emit(sim, [1]);
    sim.fault({ kind: 'linger_snapshots', fromMs: 40, toMs: 41 });
    const stated = new Set<unknown>();
    for (let i = 0; i < 12; i++) {
      const client = await connect(sim);
      await client.subscribe('prices', 'EURUSD');
      emit(sim, [2]);
      emit(sim, [3]);
      await until('all three', () => story(client).length === 4);
      expect(story(client).slice(0, 3)).toEqual(['ack', 2, 3]);
      stated.add(story(client)[3]);
      emit(sim, [1]);
    }
    expect(stated).toEqual(new Set([1, 3]));
  });

  it('linger: of a delayed symbol they state its own times', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'other_time', symbol: 'EURUSD', byMs: -60_000 });
    sim.fault({ kind: 'linger_snapshots', fromMs: 40, toMs: 41 });
    for (let i = 0; i < 8; i++) {
      const client = await connect(sim);
      await client.subscribe('prices', 'EURUSD');
      emit(sim, [2]);
      await until('both', () => client.ticks().length === 2);
      const [live, stated] = client.ticks();
      if (stated?.bid === live?.bid) expect(stated?.time).toBe(live?.time);
      emit(sim, [1]);
    }
  });

  it('are not sent for a symbol that never had a tick, and acks may be late, lost or empty', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'delay_acks', ackDelayMs: 30 });
    const client = await connect(sim);
    client.request({ action: 'subscribe', topic: 'terminal' });
    client.request({ action: 'list' });
    expect((await until('a list', () => client.of('subscriptions')[0]))['data']).toHaveLength(1);
    sim.release();
    sim.fault({ kind: 'swallow_acks', count: 1 });
    client.request({ action: 'subscribe', topic: 'trades' });
    await client.subscribe('account');
    expect(client.of('subscribed').map(({ topic }) => topic)).toEqual(['terminal', 'account']);
    expect(sim.state().accounts[0]?.subscriptions).toHaveLength(3);
    sim.fault({ kind: 'bad_symbol', answer: 'silent_ack' });
    expect(await client.subscribe('prices', 'NOPE')).toMatchObject({ type: 'subscribed' });
  });
});

describe('behind a live socket', () => {
  it('terminal_restart, silence: everything is forgotten without a word, REST is down', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    await client.subscribe('terminal');
    const { id } = sim.fault({ kind: 'terminal_restart' });
    const beats = client.of('terminal').length;
    emit(sim, [1]);
    client.request({ action: 'subscribe', topic: 'terminal' });
    const down = await get(sim, '/status');
    expect([down.status, down.json]).toEqual([503, null]);
    const second = new TestClient(socketUrl(sim));
    expect((await until('a refusal', () => second.error)).message).toContain('503');
    sim.release({ id });
    expect((await get(sim, '/status')).status).toBe(200);
    emit(sim, [2]);
    client.request({ action: 'list' });
    expect((await until('a list', () => client.of('subscriptions')[0]))['data']).toEqual([]);
    expect(client.of('terminal').length - beats).toBeLessThan(2);
    expect([live(client).filter((one) => one !== 'ack'), client.closed]).toEqual([[], null]);
    expect(marks(sim)).toEqual([null, null]);
    await client.subscribe('prices', 'EURUSD');
    emit(sim, [3]);
    // The snapshot states the newest tick that the terminal has seen since.
    await until('ticks', () => story(client).at(-1) === 3);
    expect(story(client).slice(-3)).toEqual(['ack', 2, 3]);
  });

  it('terminal_restart, connected_false: the heartbeat says so and goes on', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    await client.subscribe('terminal');
    const connected = (): unknown =>
      (client.of('terminal').at(-1)?.['data'] as { connected: boolean })?.connected;
    await until('a heartbeat', () => connected() === true);
    sim.fault({ kind: 'terminal_restart', sign: 'connected_false', ms: 60 });
    await until('connected: false', () => connected() === false);
    await until('connected: true', () => connected() === true);
    expect(sim.state().accounts[0]?.subscriptions).toEqual([{ topic: 'terminal' }]);
  });

  it('broker_disconnect: only new ticks flow afterwards, and the terminal knows the old one until then', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    await client.subscribe('terminal');
    emit(sim, [1]);
    const { id } = sim.fault({ kind: 'broker_disconnect' });
    emit(sim, [2]);
    await until('connected: false', () =>
      client.of('terminal').some(({ data }) => !(data as { connected: boolean }).connected),
    );
    expect((await get(sim, '/status')).json).toMatchObject({
      status: 'degraded',
      broker: { connected: false },
    });
    expect((await get(sim, '/healthz')).status).toBe(503);
    sim.release({ id });
    expect((await get(sim, '/getQuote?symbol=EURUSD')).json).toMatchObject({ bid: 0.001 });
    emit(sim, [3]);
    await until('the new tick', () => live(client).includes(3));
    expect(live(client).filter((one) => one !== 'ack')).toEqual([1, 3]);
    expect(marks(sim)).toEqual([1, null, 1]);
    expect((await get(sim, '/getQuote?symbol=EURUSD')).json).toMatchObject({ bid: 0.003 });
  });

  it('drop_subscription: only the list shows it', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    await client.subscribe('prices', 'GBPUSD');
    sim.fault({ kind: 'drop_subscription', symbol: 'EURUSD' });
    emit(sim, [1]);
    client.request({ action: 'list' });
    const list = await until('a list', () => client.of('subscriptions')[0]);
    expect(list['data']).toEqual([{ topic: 'prices', symbol: 'GBPUSD' }]);
    expect(marks(sim)).toEqual([null]);
    expect(await client.subscribe('prices', 'EURUSD')).toMatchObject({ message: 'subscribed' });
  });

  it('degraded_trades: right identifiers, no entry, no costs', async () => {
    const sim = await quiet({ trader: { dealsPerHour: 3_600_000 } });
    const client = await connect(sim);
    await client.subscribe('trades');
    sim.fault({ kind: 'degraded_trades', count: 1 });
    await until('two trades', () => {
      emit(sim, [1]);
      return client.of('trade').length > 1;
    });
    const [first, second] = client.of('trade').map(({ data }) => data as Record<string, unknown>);
    expect(first).toMatchObject({ degraded: true, entry: 'Unknown', commission: 0 });
    expect(second).toMatchObject({ degraded: false });
    expect(second?.['entry']).not.toBe('Unknown');
  });
});

describe('junk', () => {
  it('comes between the real frames', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    for (const what of [
      'not_json',
      'cut_json',
      'binary',
      'bare_position',
      'bare_array',
      'unknown_type',
      'huge',
    ])
      sim.fault({ kind: 'junk', what });
    emit(sim, [1]);
    await until('the tick', () => live(client).length === 1);
    // A bare position has a `type` too: its side.
    expect(client.of('Buy')).toHaveLength(1);
    expect(client.oddities).toHaveLength(4);
    expect(client.oddities.filter((one) => Buffer.isBuffer(one))).toHaveLength(1);
    const mysteries = client.of('mystery');
    expect(mysteries).toHaveLength(2);
    expect(JSON.stringify(mysteries[1]).length).toBeGreaterThan(1 << 20);
    expect(marks(sim)).toEqual([1]);
    sim.fault({ kind: 'junk', what: 'invalid_utf8' });
    expect(await until('the client gives up', () => client.closed)).toMatchObject({ code: 1006 });
    expect(client.error?.message).toContain('UTF-8');
  });

  it('bad_tick: a real tick goes out unreadable and counts as withheld', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'junk', what: 'bad_tick', symbol: 'EURUSD' });
    emit(sim, [1, 2]);
    await until('both', () => live(client).length === 2);
    expect(live(client)).toEqual([Number.NaN, 2]);
    expect(marks(sim)).toEqual(['withheld', 1]);
  });
});

describe('the clock on the wire', () => {
  it('whole_seconds: ticks lose their milliseconds, and the ledger says what was written', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    sim.fault({ kind: 'whole_seconds' });
    emit(sim, [1]);
    sim.release();
    emit(sim, [2]);
    await until('both', () => live(client).length === 2);
    const [whole, exact] = client.liveTicks();
    expect(whole?.time).toMatch(/T\d\d:\d\d:\d\dZ$/);
    expect(exact?.time).toMatch(/\.\d{3}Z$/);
    const lines = [...(sim.ledger() ?? [])];
    expect(lines.map(({ brokerMs }) => brokerMs)).toEqual([whole?.brokerMs, exact?.brokerMs]);
    expect(lines[0]?.utcMs).toBeGreaterThanOrEqual((lines[0]?.brokerMs ?? 0) - 10_800_000);
  });

  it('freeze_server_time: heartbeats go on with a time that stands still', async () => {
    const sim = await quiet();
    const client = await connect(sim);
    await client.subscribe('terminal');
    sim.fault({ kind: 'freeze_server_time' });
    const from = client.of('terminal').length;
    await until('heartbeats', () => client.of('terminal').length > from + 4);
    const times = client
      .of('terminal')
      .slice(from + 1)
      .map(({ data }) => (data as { serverTime: string }).serverTime);
    expect(new Set(times).size).toBe(1);
  });

  it('other_time: a delayed symbol has its own time in the ledger, one from nowhere the time at which it was made', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    for (const byMs of [-1_500_000, 3_600_000, -1_790_000_000_000]) {
      sim.fault({ kind: 'other_time', symbol: 'EURUSD', byMs, count: 1 });
      emit(sim, [1]);
    }
    emit(sim, [4]);
    await until('all of them', () => live(client).length === 4);
    const lines = [...(sim.ledger() ?? [])];
    expect(client.liveTicks().map(({ brokerMs }) => brokerMs)).toEqual(lines.map(({ brokerMs }) => brokerMs));
    const offMs = lines.map(({ brokerMs, utcMs }) => brokerMs - 10_800_000 - utcMs);
    expect(offMs.toSpliced(2, 1)).toEqual([0, 3_600_000, 0]);
    expect(lines[2]?.brokerMs).toBeLessThan(Date.UTC(2000, 0, 1));
    const made = lines[3]?.utcMs ?? 0;
    expect(lines.map(({ utcMs }) => Math.round((utcMs - made) / 10_000) + 0)).toEqual([-150, 0, 0, 0]);
    // The terminal states the last tick as it was.
    sim.fault({ kind: 'other_time', symbol: 'EURUSD', byMs: -1_500_000 });
    emit(sim, [5]);
    const again = await onPrices(sim);
    await until('a snapshot', () => again.of('tick').length > 0);
    const snapshot = again.of('tick')[0]?.['data'] as { time: string } | undefined;
    expect(Date.parse(snapshot?.time ?? '')).toBe([...(sim.ledger() ?? [])].at(-1)?.brokerMs);
  });

  it('follows another rule when the broker changes it', async () => {
    const sim = await quiet();
    const client = await onPrices(sim);
    emit(sim, [1]);
    sim.setClock({ rule: 'UTC+1h' });
    emit(sim, [2]);
    await until('both', () => live(client).length === 2);
    const lines = [...(sim.ledger() ?? [])];
    expect(lines.map(({ brokerMs, utcMs }) => (brokerMs - utcMs) / 3_600_000)).toEqual([3, 1]);
    expect(client.liveTicks().map(({ brokerMs }) => brokerMs)).toEqual(lines.map(({ brokerMs }) => brokerMs));
  });
});

describe('rest', () => {
  it('answers with any status and body, this many times, late or cut off', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'rest', path: '/OpenedOrders', status: 200, body: [], count: 1 });
    sim.fault({ kind: 'rest', path: '/symbols', status: 429, headers: { 'retry-after': '12' }, delayMs: 5 });
    sim.fault({ kind: 'rest', path: '/v1/accounts', status: 502, body: '<html>bad gateway</html>' });
    expect(await get(sim, '/OpenedOrders')).toMatchObject({ status: 200, json: [] });
    expect((await get(sim, '/symbols')).status).toBe(429);
    expect(await get(sim, '/v1/accounts')).toMatchObject({ status: 502, text: '<html>bad gateway</html>' });
    sim.release();
    expect((await get(sim, '/symbols')).status).toBe(200);
    sim.fault({ kind: 'rest', path: '/symbols', status: 200, body: ['EURUSD', 'GBPUSD'], truncateBytes: 9 });
    await expect(get(sim, '/symbols')).rejects.toThrow();
  });
});

describe('the control API', () => {
  it('applies, releases and refuses', async () => {
    const sim = await quiet();
    const post = async (path: string, body: unknown): Promise<[number, unknown]> => {
      const response = await fetch(`http://${sim.controlAddr}/__fx/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    const client = await onPrices(sim);
    expect(await post('fault', { kind: 'nonsense' })).toMatchObject([400, { code: 'FAULT_INVALID' }]);
    expect(await post('fault', { kind: 'close', code: 'x' })).toMatchObject([400, { code: 'FAULT_INVALID' }]);
    expect(await post('fault', { kind: 'reset', account: 'nobody' })).toMatchObject([
      400,
      { code: 'FAULT_INVALID' },
    ]);
    const [status, report] = await post('fault', { kind: 'half_open', ms: 60_000 });
    expect([status, report]).toMatchObject([200, { id: 1, accounts: [{ applied: true }] }]);
    expect(sim.state().faults).toMatchObject([{ kind: 'half_open' }]);
    expect(await post('release', { kind: 'half_open' })).toEqual([200, { released: 1 }]);
    expect(await post('emit', { symbol: 'EURUSD', ticks: [{ bid: 0.001, ask: 0.002 }] })).toEqual([
      200,
      { from: 1, count: 1 },
    ]);
    expect(await post('emit', { symbol: 'EURUSD', count: 3 })).toEqual([200, { from: 2, count: 3 }]);
    await until('four ticks', () => live(client).length === 4);
    expect(await post('clock', { utc: '2026-06-10T12:00:00Z' })).toMatchObject([
      200,
      { nowUtc: expect.stringMatching(/^2026-06-10T12:00:00/) },
    ]);
    expect(await post('clock', { utc: '2026-06-10T11:00:00Z' })).toMatchObject([
      400,
      { code: 'REQUEST_INVALID' },
    ]);
    expect(await post('rate', { ticksPerSecond: 5000 })).toMatchObject([200, { ticksPerSecond: 5000 }]);
    await until('ticks flow', () => sim.state().generated > 100);
    expect(await post('pause', {})).toMatchObject([200, { flushed: true }]);
    const state = (await (await fetch(`http://${sim.controlAddr}/__fx/state`)).json()) as {
      generated: number;
    };
    expect(state.generated).toBe(sim.state().generated);
    expect(await post('resume', {})).toMatchObject([200, { paused: false }]);
    const missing = await fetch(`http://${sim.controlAddr}/__fx/nothing`);
    expect([missing.status, await missing.json()]).toEqual([404, { code: 'NOT_FOUND' }]);
  });
});
