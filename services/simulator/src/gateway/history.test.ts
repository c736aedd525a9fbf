import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID, type ScenarioInput } from '../scenario.ts';
import { type Simulator, startSimulator } from '../simulator.ts';
import { connect, get, until } from '../testing/client.ts';

const OTHER_ID = '11111111-2222-4333-8444-555555555555';
const START = '2026-06-10T10:00:00Z';
/** A day at the broker: New York close is 00:00 there, three hours ahead of UTC in summer. */
const HOUR = 3_600_000;

type Row = Record<string, number | string>;

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

async function start(over: ScenarioInput = {}): Promise<Simulator> {
  simulator = await startSimulator({
    source: { kind: 'market', ticksPerSecond: 0, startUtc: START, symbols: ['EURUSD', 'XAUUSD', 'BTCUSD'] },
    ...over,
  });
  return simulator;
}

const rows = async (sim: Simulator, path: string, account = DEMO_ACCOUNT_ID): Promise<Row[]> => {
  const { status, json } = await get(sim, path, { account });
  expect([path, status]).toEqual([path, 200]);
  return json as Row[];
};

const sum = (all: readonly Row[], ...fields: string[]): number =>
  all.reduce((total, row) => total + fields.reduce((of, field) => of + Number(row[field]), 0), 0);

describe('the trading past', () => {
  const past: ScenarioInput = {
    accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID }],
    history: { trader: { dealsPerDay: 20, days: 365 } },
  };

  it('is the same each time, another one for each account, and agrees with balance and bars', async () => {
    const sim = await start(past);
    const deals = await rows(sim, '/OrderHistory');
    expect(deals.length).toBeGreaterThan(2500);
    const [deposit, ...traded] = deals;
    expect(deposit).toMatchObject({
      type: 'Balance',
      symbol: '',
      entry: 'In',
      volume: 0,
      comment: 'Deposit',
    });
    const { balance } = (await get(sim, '/AccountSummary')).json as { balance: number };
    expect(balance).toBe(100_000);
    expect(sum(deals, 'profit', 'swap', 'commission')).toBeCloseTo(balance, 4);

    const positions = await rows(sim, '/PositionHistory');
    expect(traded).toHaveLength(positions.length * 2);
    expect(sum(positions, 'netProfit')).toBeCloseTo(sum(traded, 'profit', 'swap', 'commission'), 4);
    for (const position of positions.slice(0, 200)) {
      const legs = traded.filter((deal) => deal['position'] === position['positionId']);
      expect(legs.map(({ entry, price, time }) => ({ entry, price, time }))).toEqual([
        { entry: 'In', price: position['openPrice'], time: position['openTime'] },
        { entry: 'Out', price: position['closePrice'], time: position['closeTime'] },
      ]);
    }
    for (const deal of traded.slice(-60)) {
      const minute = `${String(deal['time']).slice(0, 16)}:00`;
      const bounds = `symbol=${String(deal['symbol'])}&timeframe=M1&from=${minute}&to=${minute}`;
      const [bar] = await rows(sim, `/PriceHistory?${bounds}`);
      expect(deal['price']).toBeGreaterThanOrEqual(Number(bar?.['low']));
      expect(deal['price']).toBeLessThanOrEqual(Number(bar?.['high']));
    }
    const times = deals.map(({ time }) => String(time));
    expect(times).toEqual(times.toSorted());
    expect(String(times.at(-1)) < '2026-06-10T13:00').toBe(true);
    expect(new Set(deals.map(({ ticket }) => ticket)).size).toBe(deals.length);

    const other = await rows(sim, '/OrderHistory', OTHER_ID);
    expect(other.slice(1, 50)).not.toEqual(deals.slice(1, 50));
    await sim.close();
    const again = await start(past);
    expect(await rows(again, '/OrderHistory')).toEqual(deals);
  });

  it('goes on into the present without a doubled number, and is read by broker time', async () => {
    const sim = await start({
      ...past,
      source: { kind: 'market', ticksPerSecond: 200, speed: 600, startUtc: START, symbols: ['EURUSD'] },
      trader: { dealsPerHour: 600 },
    });
    const client = await connect(sim);
    await client.subscribe('trades');
    await until('live deals', () => client.of('trade').length > 10, 10_000);
    await sim.pause();
    const all = await rows(sim, '/OrderHistory');
    expect(new Set(all.map(({ ticket }) => ticket)).size).toBe(all.length);
    const live = client.of('trade').map(({ data }) => (data as { deal: number }).deal);
    expect(all.slice(-live.length).map(({ ticket }) => ticket)).toEqual(live);
    const day = await rows(sim, '/OrderHistory?from=2026-06-02T00:00:00&to=2026-06-02T23:59:59');
    expect(day).toEqual(all.filter(({ time }) => String(time).startsWith('2026-06-02')));
    expect(day.length).toBeGreaterThan(5);
    const truth = await sim.truthDeals();
    expect(truth.map(({ ticket }) => Number(ticket))).toEqual(all.map(({ ticket }) => ticket));
    expect(truth.every(({ utcMs, time }) => Number(utcMs) + 2 * HOUR <= Date.parse(String(time)))).toBe(true);
    await client.end();
  });

  it('takes a late deal that no frame told of, and the balance counts it', async () => {
    const sim = await start(past);
    const client = await connect(sim);
    for (const topic of ['trades', 'account']) await client.subscribe(topic);
    const before = await rows(sim, '/OrderHistory');
    const utcMs = Date.parse('2026-06-03T09:00:30Z');
    const added = await sim.lateDeal({ utcMs, symbol: 'EURUSD', holdMs: 30_000 });
    await sim.lateDeal({ utcMs, amount: -12.34 });
    const after = await rows(sim, '/OrderHistory');
    const known = new Set(before.map(({ ticket }) => ticket));
    const fresh = after.filter(({ ticket }) => !known.has(ticket));
    expect(fresh.map(({ entry, type, time }) => [type, entry, time])).toEqual([
      ['Buy', 'In', '2026-06-03T12:00:30.000Z'],
      ['Balance', 'In', '2026-06-03T12:00:30.000Z'],
      ['Sell', 'Out', '2026-06-03T12:01:00.000Z'],
    ]);
    expect(added.map(({ ticket }) => Number(ticket))).toEqual([fresh[0]?.['ticket'], fresh[2]?.['ticket']]);
    expect(await rows(sim, '/PositionHistory?from=2026-06-03T12:01:00&to=2026-06-03T12:01:00')).toHaveLength(
      1,
    );
    const { balance } = (await get(sim, '/AccountSummary')).json as { balance: number };
    expect(sum(after, 'profit', 'swap', 'commission')).toBeCloseTo(balance, 4);
    expect(client.of('trade')).toEqual([]);
    await expect(sim.lateDeal({ utcMs: Date.parse('2026-06-10T12:00:00Z') })).rejects.toThrow('in the past');
    await client.end();
  });

  it('costs nothing before somebody asks, with 50 accounts', async () => {
    const accounts = Array.from({ length: 50 }, (_, i) => ({
      id: `11111111-2222-4333-8444-${String(i).padStart(12, '0')}`,
    }));
    const began = performance.now();
    const sim = await start({ accounts, history: past.history });
    expect(performance.now() - began).toBeLessThan(1000);
    const [first, last] = await Promise.all(
      [accounts[0], accounts[49]].map((account) => rows(sim, '/OrderHistory', account?.id)),
    );
    expect(first).not.toEqual(last);
  });

  it('needs tickets to count down', async () => {
    await expect(start({ ...past, trader: { firstTicket: '1000' } })).rejects.toMatchObject({
      code: 'SCENARIO_INVALID',
    });
  });
});

describe('/QuoteTicks', () => {
  const busy: ScenarioInput = {
    source: {
      kind: 'market',
      ticksPerSecond: 40,
      speed: 300,
      startUtc: START,
      symbols: ['EURUSD', 'BTCUSD'],
    },
    history: { quoteTicks: 'full' },
  };

  it('tells the ticks of the market, whether or not they were sent', async () => {
    const sim = await start(busy);
    await until('ticks', () => sim.state().generated > 5000, 15_000);
    await sim.pause();
    for (const symbol of ['EURUSD', 'BTCUSD']) {
      const made = [...(sim.ledger() ?? [])].filter((line) => line.symbol === symbol);
      const told = await rows(sim, `/QuoteTicks?symbol=${symbol}&from=2026-06-10&to=2026-06-11`);
      expect(told).toEqual(
        made.map(({ brokerMs, bid, ask, last, volume }) => ({
          time: new Date(brokerMs).toISOString(),
          timeMsc: brokerMs,
          bid,
          ask,
          last,
          volume,
        })),
      );
      const [from, to] = [1000, 1010].map((i) => made[i]?.brokerMs as number) as [number, number];
      const text = (ms: number): string => new Date(ms).toISOString().slice(0, -1);
      const part = await rows(sim, `/QuoteTicks?symbol=${symbol}&from=${text(from)}&to=${text(to)}`);
      expect(part.map(({ timeMsc }) => timeMsc)).toEqual(
        made.map(({ brokerMs }) => brokerMs).filter((ms) => ms >= from && ms <= to),
      );
    }
    expect(await get(sim, '/QuoteTicks?symbol=NOPE&from=2026-06-10&to=2026-06-11')).toMatchObject({
      status: 500,
      json: { error: 'MRPC', message: 'CopyTicks failed' },
    });
    expect((await get(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-10')).status).toBe(400);
    const document = (await get(sim, '/api-doc/openapi.json')).json as { paths: object };
    expect(Object.keys(document.paths)).toContain('/QuoteTicks');
  });

  it('cuts at the cap, in the middle of a millisecond where it falls there', async () => {
    const sim = await start({ history: { quoteTicks: 'full', tickCap: 3 } });
    sim.emit(
      'EURUSD',
      Array.from({ length: 5 }, (_, i) => ({ bid: 1 + i / 1000, ask: 1.1 + i / 1000 })),
    );
    const told = await rows(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-10&to=2026-06-11');
    expect(told.map(({ bid }) => bid)).toEqual([1, 1.001, 1.002]);
    expect(new Set(told.map(({ timeMsc }) => timeMsc)).size).toBe(1);
  });

  it('takes plain dates only, and the whole of the last day', async () => {
    const sim = await start({ history: { quoteTicks: 'dates_only' } });
    sim.emit('EURUSD', [null, null]);
    expect(await rows(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-10&to=2026-06-10')).toHaveLength(2);
    expect(await rows(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-09&to=2026-06-09')).toEqual([]);
    expect(await get(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-10T00:00:00&to=2026-06-10')).toMatchObject({
      status: 400,
      json: { error: 'MRPC_VALIDATION' },
    });
  });

  it('is not there by default', async () => {
    const sim = await start();
    expect((await get(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-10&to=2026-06-11')).status).toBe(404);
    const document = (await get(sim, '/api-doc/openapi.json')).json as { paths: object };
    expect(Object.keys(document.paths)).not.toContain('/QuoteTicks');
  });

  it('answers what is kept where the ledger only counts', async () => {
    const sim = await start({ ...busy, ledger: 'counts' });
    sim.emit(
      'EURUSD',
      Array.from({ length: 70_000 }, () => null),
    );
    sim.emit('EURUSD', [null]);
    await until('the first chunk is forgotten', () => sim.state().generated > 70_000);
    const told = await rows(sim, '/QuoteTicks?symbol=EURUSD&from=2026-06-10&to=2026-06-11');
    expect(told.length).toBeGreaterThan(4000);
    expect(told.length).toBeLessThan(70_000);
  });
});

describe('the truth', () => {
  it('of bars is what /PriceHistory answers, with UTC', async () => {
    const sim = await start({
      source: { kind: 'market', ticksPerSecond: 20, speed: 600, startUtc: START },
      history: { timeoutBars: 1_000_000 },
    });
    await until('some minutes', () => sim.state().generated > 8000, 15_000);
    await sim.pause();
    for (const timeframe of ['M1', 'M15', 'H1', 'H4', 'D1', 'W1', 'MN1'] as const) {
      const fromUtcMs = Date.parse('2026-02-28T22:00:00Z');
      const truth = [
        ...sim.truthBars({
          symbol: 'EURUSD',
          timeframe,
          fromUtcMs,
          toUtcMs: Date.parse('2026-06-11T00:00:00Z'),
        }),
      ];
      const told = await rows(
        sim,
        `/PriceHistory?symbol=EURUSD&timeframe=${timeframe}&from=2026-03-01T00:00:00`,
      );
      // MN1 and W1 begin on a weekend, where no minute is.
      expect(truth.map(({ brokerMs }) => new Date(brokerMs).toISOString())).toEqual(
        told.filter(({ time }) => String(time) < '2026-07').map(({ time }) => time),
      );
      expect(truth.map(({ tickVolume, close }) => [tickVolume, close])).toEqual(
        told.map(({ tickVolume, close }) => [tickVolume, close]),
      );
      // Midnight at the broker is 17:00 in New York: 22:00 UTC in winter, 21:00 in summer.
      const [first] = truth;
      if (timeframe === 'MN1') expect(first?.utcMs).toBe(fromUtcMs);
      // The clock goes on while nothing is made, so a short bar may have ended.
      const forming = truth.flatMap(({ closed }, i) => (closed ? [] : [i]));
      expect(timeframe < 'M' || timeframe === 'MN1' ? forming : [truth.length - 1]).toEqual([
        truth.length - 1,
      ]);
    }
  });
});
