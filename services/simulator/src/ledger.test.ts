import { afterEach, describe, expect, it } from 'vitest';
import type { LedgerLine } from './ledger.ts';
import { DEMO_ACCOUNT_ID, type ScenarioInput } from './scenario.ts';
import type { Simulator } from './simulator.ts';
import { startSimulator } from './start-simulator.ts';
import { connect, type TestClient, until } from '../testing/client.ts';

const SECOND_ID = '11111111-2222-4333-8444-555555555555';
const running: Simulator[] = [];

async function start(scenario: ScenarioInput): Promise<Simulator> {
  const simulator = await startSimulator(scenario);
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

const content = ({
  symbol,
  brokerMs,
  bid,
  ask,
  last,
  volume,
}: Omit<LedgerLine, 'n' | 'account'>): unknown => ({
  symbol,
  brokerMs,
  bid,
  ask,
  last,
  volume,
});

const written = (simulator: Simulator, conn: number, account?: string): LedgerLine[] =>
  [...(simulator.ledger(account) ?? [])].filter((line) => line.conn === conn);

const received = (client: TestClient): unknown[] =>
  client.liveTicks().map((tick) => content({ ...tick, conn: 0, utcMs: 0, withheld: false }));

describe('ledger', () => {
  it('is exactly what a client received, symbol by symbol subscribed at full rate, over reconnects', async () => {
    const simulator = await start({
      source: { kind: 'market', ticksPerSecond: 4000, startUtc: '2026-06-10T10:00:00Z' },
    });
    const clients: TestClient[] = [];
    for (let round = 0; round < 4; round++) {
      const client = await connect(simulator);
      clients.push(client);
      for (const symbol of ['EURUSD', 'XAUUSD', 'BTCUSD', 'CHFJPY']) await client.subscribe('prices', symbol);
      await until('ticks come', () => client.liveTicks().length > 150);
      if (round < 3) await client.end();
    }
    expect(await simulator.pause()).toBe(true);
    for (const [i, client] of clients.entries()) {
      const lines = written(simulator, i + 1);
      if (i === 3) await until('everything is read', () => client.liveTicks().length === lines.length);
      const got = received(client);
      // A client that hung up may have left its last bytes unread: they are written all the same.
      expect(got).toEqual(lines.slice(0, got.length).map(content));
      expect(lines.length - got.length).toBeLessThan(i === 3 ? 1 : 100);
    }
    const all = [...(simulator.ledger() ?? [])];
    expect(all.map(({ n }) => n)).toEqual(all.map((_, i) => i + 1));
    expect(all.some(({ conn }) => conn === null)).toBe(true);
    expect(all.some(({ withheld }) => withheld)).toBe(false);
    const account = simulator.state().accounts[0];
    expect(account?.written).toBe(all.filter(({ conn }) => conn !== null).length);
    expect(account?.generated).toBe(all.length);
  });

  it('of two accounts with other clocks tells the same ticks in each one’s broker time', async () => {
    const simulator = await start({
      accounts: [
        { id: DEMO_ACCOUNT_ID, clockRule: 'America/New_York+7h' },
        { id: SECOND_ID, clockRule: 'UTC+1h', nickname: 'second' },
      ],
      source: { kind: 'market', ticksPerSecond: 500, startUtc: '2026-06-10T10:00:00Z' },
    });
    const first = await connect(simulator);
    const second = await connect(simulator, SECOND_ID);
    for (const client of [first, second]) await client.subscribe('prices', 'EURUSD');
    await until('ticks come', () => first.liveTicks().length > 20 && second.liveTicks().length > 20);
    await simulator.pause();
    const lines = written(simulator, 1, SECOND_ID);
    await until('everything is read', () => second.liveTicks().length === lines.length);
    expect(received(second)).toEqual(lines.map(content));
    expect(new Set(lines.map(({ brokerMs, utcMs }) => brokerMs - utcMs))).toEqual(new Set([3_600_000]));
    const ofFirst = written(simulator, 1);
    expect(new Set(ofFirst.map(({ brokerMs, utcMs }) => brokerMs - utcMs))).toEqual(new Set([10_800_000]));
  });

  it('keeps the broker’s clock over its switch, in frames and lines alike', async () => {
    const simulator = await start({
      // New York goes from UTC−5 to UTC−4 at 07:00 UTC.
      source: {
        kind: 'market',
        symbols: ['BTCUSD'],
        ticksPerSecond: 0.5,
        speed: 3600,
        startUtc: '2026-03-08T06:30:00Z',
      },
    });
    const client = await connect(simulator);
    await client.subscribe('prices', 'BTCUSD');
    await until('an hour passes', () => simulator.state().nowUtc > '2026-03-08T07:30:00Z');
    await simulator.pause();
    const lines = written(simulator, 1);
    await until('everything is read', () => client.liveTicks().length === lines.length);
    expect(received(client)).toEqual(lines.map(content));
    const switchMs = Date.parse('2026-03-08T07:00:00Z');
    const hours = lines.map(({ brokerMs, utcMs }) => [(brokerMs - utcMs) / 3_600_000, utcMs < switchMs]);
    expect(hours.filter(([offset, before]) => offset !== (before === true ? 2 : 3))).toEqual([]);
    expect(new Set(hours.map(([offset]) => offset))).toEqual(new Set([2, 3]));
  });

  it('of counts has sums and no lines, and the stream still works', async () => {
    const simulator = await start({
      ledger: 'counts',
      source: { kind: 'market', ticksPerSecond: 100_000, startUtc: '2026-06-10T10:00:00Z' },
    });
    const client = await connect(simulator);
    await client.subscribe('prices', 'EURUSD');
    // Far enough for chunks of ticks to be freed, then a symbol that was quiet since.
    await until('many ticks are made', () => simulator.state().generated > 200_000, 15_000);
    await simulator.pause();
    expect(simulator.ledger()).toBeNull();
    await client.subscribe('prices', 'NZDCAD');
    const quote = simulator.quotes().find(({ symbol }) => symbol === 'NZDCAD');
    const snapshot = await until('a snapshot', () =>
      client.ticks().find(({ symbol }) => symbol === 'NZDCAD'),
    );
    expect([snapshot.bid, snapshot.brokerMs]).toEqual([quote?.['bid'], quote?.['brokerMs']]);
    const counts = simulator.state().accounts[0];
    await until('everything is read', () => client.liveTicks().length === counts?.written);
  });

  it('comes over the control API as lines after a number', async () => {
    const simulator = await start({ source: { kind: 'market', ticksPerSecond: 2000 } });
    await until('ticks are made', () => simulator.state().generated > 1200);
    const control = `http://${simulator.controlAddr}/__fx`;
    const paused = await fetch(`${control}/pause`, { method: 'POST' });
    expect(await paused.json()).toMatchObject({ flushed: true, source: { paused: true } });
    const text = await (await fetch(`${control}/ledger?account=${DEMO_ACCOUNT_ID}&after=7`)).text();
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as LedgerLine)).toEqual([
      ...(simulator.ledger(undefined, 7) ?? []),
    ]);
    expect((JSON.parse(lines[0] as string) as LedgerLine).n).toBe(8);
    const refused = await fetch(`${control}/ledger?account=nobody`);
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'REQUEST_INVALID' }]);
  });
});
