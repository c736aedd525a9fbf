import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID, type ScenarioInput } from '../scenario.ts';
import { connect, get, until } from '../../testing/client.ts';
import { Gateways, OTHER_ID, rows, type Row, START } from '../../testing/history.ts';

const gateways = new Gateways();
const start = gateways.start.bind(gateways);
afterEach(() => gateways.close());

/** The broker is three hours ahead of UTC in summer, two in winter. */
const HOUR = 3_600_000;

const sum = (all: readonly Row[], ...fields: string[]): number =>
  all.reduce((total, row) => total + fields.reduce((of, field) => of + Number(row[field]), 0), 0);

describe('the trading past', () => {
  const past: ScenarioInput = {
    accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID }],
    history: { trader: { dealsPerDay: 20, days: 365 } },
  };

  it('is that of another account where the scenario says so', async () => {
    const accounts = [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID, tradesLike: DEMO_ACCOUNT_ID }];
    const sim = await start({ ...past, accounts });
    const deals = await rows(sim, '/OrderHistory');
    expect(deals.length).toBeGreaterThan(2500);
    expect(await rows(sim, '/OrderHistory', OTHER_ID)).toEqual(deals);
  });

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
