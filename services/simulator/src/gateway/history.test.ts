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
      // The clock goes on while nothing is made, so a shorter bar may have ended.
      if (timeframe === 'MN1') expect(truth.map(({ closed }) => closed)).toEqual([true, true, true, false]);
    }
  });
});

describe('a revised bar', () => {
  const minute = (time: string, timeframe = 'M1'): string =>
    `/PriceHistory?symbol=EURUSD&timeframe=${timeframe}&from=2026-06-09T${time}&to=2026-06-09T${time}`;
  // 10:20 at the broker.
  const utcMs = Date.parse('2026-06-09T07:20:00Z');

  it('changes the minute and all that is folded from it, and is taken back', async () => {
    const sim = await start();
    const longer = ['M5', 'M15', 'M30', 'H1', 'H4', 'D1'] as const;
    const opens = ['10:20', '10:15', '10:00', '10:00', '08:00', '00:00'];
    const paths = longer.map((timeframe, i) => minute(opens[i] as string, timeframe));
    const before = await Promise.all(paths.map((path) => rows(sim, path)));
    const [first] = await rows(sim, minute('10:20'));
    const high = Number((Number(first?.['high']) + 0.05).toFixed(5));
    const { before: told, after } = sim.revise({
      symbol: 'EURUSD',
      utcMs,
      change: { high, tickVolume: Number(first?.['tickVolume']) + 1000 },
    });
    expect([told.high, after.high, after.utcMs]).toEqual([first?.['high'], high, utcMs]);
    const [second] = await rows(sim, minute('10:20'));
    expect(second).toEqual({ ...first, high, tickVolume: Number(first?.['tickVolume']) + 1000 });
    const changed = await Promise.all(paths.map((path) => rows(sim, path)));
    for (const [i, bars] of changed.entries())
      expect(bars).toEqual([
        { ...before[i]?.[0], high, tickVolume: Number(before[i]?.[0]?.['tickVolume']) + 1000 },
      ]);
    sim.revise({ symbol: 'EURUSD', utcMs, change: null });
    expect(await rows(sim, minute('10:20'))).toEqual([first]);
    expect(await Promise.all(paths.map((path) => rows(sim, path)))).toEqual(before);
  });

  it('of a longer timeframe stands alone, and follows open and close', async () => {
    const sim = await start();
    const [first] = await rows(sim, minute('10:00', 'H1'));
    const close = Number((Number(first?.['high']) + 0.01).toFixed(5));
    sim.revise({ symbol: 'EURUSD', timeframe: 'H1', utcMs, change: { close } });
    expect(await rows(sim, minute('10:00', 'H1'))).toEqual([{ ...first, close, high: close }]);
    expect(await rows(sim, minute('08:00', 'H4'))).toHaveLength(1);
    expect((await rows(sim, minute('08:00', 'H4')))[0]?.['high']).toBeLessThan(close);
  });

  it('also of the present, once it is closed; nothing else', async () => {
    const sim = await start();
    sim.emit('EURUSD', [{ bid: 1.1, ask: 1.2 }]);
    const now = Date.parse(START);
    const change = { close: 1.3 };
    expect(() => sim.revise({ symbol: 'EURUSD', utcMs: now, change })).toThrow('not closed');
    sim.setClock({ utcMs: now + 120_000 });
    expect(sim.revise({ symbol: 'EURUSD', utcMs: now, change }).after).toMatchObject({
      close: 1.3,
      high: 1.3,
    });
    expect(() => sim.revise({ symbol: 'NOPE', utcMs: now, change })).toThrow('no symbol NOPE');
    // A Saturday.
    const shut = Date.parse('2026-06-06T12:00:00Z');
    expect(() => sim.revise({ symbol: 'EURUSD', utcMs: shut, change })).toThrow('no M1 bar');
  });
});

describe('the requests', () => {
  it('are counted by route, with what was repeated and how many were under way at once', async () => {
    const sim = await start({ accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID }] });
    const path = '/PriceHistory?symbol=EURUSD&timeframe=H1&from=2026-06-01&to=2026-06-02';
    sim.fault({ kind: 'history_busy', count: 1 });
    sim.fault({ kind: 'history_slow', requestMs: 40 });
    for (let i = 0; i < 3; i++) await get(sim, path);
    const many = ['04', '05', '06', '07'].map((day) => get(sim, path.replace('06-01', `05-${day}`)));
    await Promise.all([...many, get(sim, '/status'), get(sim, path, { account: OTHER_ID })]);
    const report = sim.requests();
    expect(report.accounts.map(({ account }) => account)).toEqual([DEMO_ACCOUNT_ID, OTHER_ID]);
    const [first, other] = report.accounts;
    expect(first?.history).toMatchObject({
      count: 7,
      repeated: 2,
      repeatedAfterOk: 1,
      untold: 0,
      statuses: { 200: 6, 503: 1 },
      concurrentMax: expect.any(Number),
    });
    expect(first?.history.concurrentMax).toBeGreaterThanOrEqual(2);
    const { busyMs = [], concurrency = 0 } = first?.history ?? {};
    const spent = busyMs.reduce((total, ms) => total + ms, 0);
    expect(busyMs.reduce((total, ms, level) => total + ms * level, 0) / spent).toBeCloseTo(concurrency, 6);
    expect(first?.routes['/status']).toMatchObject({ count: 1 });
    expect(other?.history).toMatchObject({ count: 1, repeated: 0 });
    sim.resetRequests();
    await get(sim, path);
    expect(sim.requests().accounts[0]?.history).toMatchObject({
      count: 1,
      repeated: 0,
      statuses: { 200: 1 },
    });
  });
});

describe('a weekend', () => {
  it('on a gateway that replays it has no bars and no ticks, by its own clock', async () => {
    const sim = await start({
      source: {
        kind: 'market',
        ticksPerSecond: 20,
        speed: 1,
        startUtc: '2026-06-05T20:58:00Z',
        symbols: ['EURUSD'],
      },
      history: { quoteTicks: 'full' },
    });
    sim.setClock({ speed: 200 });
    await until('the market shuts', () => sim.state().nowUtc > '2026-06-05T21:02', 10_000);
    sim.setClock({ utcMs: Date.parse('2026-06-07T20:00:00Z'), speed: 1 });
    // From Friday 17:00 New York, midnight at the broker, to Sunday 17:00.
    const bounds = 'symbol=EURUSD&from=2026-06-05T00:00:00&to=2026-06-09T00:00:00';
    const ticks = await rows(sim, `/QuoteTicks?${bounds}`);
    const bars = await rows(sim, `/PriceHistory?timeframe=M1&${bounds}`);
    expect(bars.at(-1)?.['time']).toBe('2026-06-05T23:59:00.000Z');
    expect(String(ticks.at(-1)?.['time']) < '2026-06-06').toBe(true);
    expect(ticks.length).toBeGreaterThan(500);
  });
});

describe('the control API', () => {
  it('tells and changes the history', async () => {
    const sim = await start({
      history: { trader: { dealsPerDay: 10, days: 30 } },
      trader: { firstTicket: '9007199254740993' },
    });
    const base = `http://${sim.controlAddr}/__fx`;
    const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${base}/${path}`, { method: 'POST', body: JSON.stringify(body) });
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    const lines = async (path: string): Promise<string[]> =>
      (await (await fetch(`${base}/${path}`)).text()).split('\n').filter((line) => line !== '');

    const utc = '2026-06-09T07:20:00Z';
    expect(await post('revise', { symbol: 'EURUSD', utc, change: { close: 9 } })).toMatchObject({
      status: 200,
      after: { close: 9, high: 9, closed: true },
    });
    const query = 'symbol=EURUSD&timeframe=M1&from=2026-06-09T07:20:00Z&to=2026-06-09T07:22:00Z';
    const bars = (await lines(`bars?${query}`)).map((line) => JSON.parse(line) as Record<string, number>);
    expect(bars.map(({ utcMs }) => utcMs)).toEqual([Date.parse(utc), Date.parse(utc) + 60_000]);
    expect(bars[0]).toMatchObject({ close: 9, brokerMs: Date.parse('2026-06-09T10:20:00Z') });

    // Tickets beyond 2^53 keep every digit.
    const late = await fetch(`${base}/late-deal`, {
      method: 'POST',
      body: JSON.stringify({ utc, symbol: 'EURUSD' }),
    });
    expect(await late.text()).toContain('"ticket":9007200254740993,');
    const deals = await lines('deals');
    expect(deals.filter((line) => line.includes('"ticket":9007200254740993,'))).toHaveLength(1);
    expect((await lines('positions')).length).toBe((deals.length - 1) / 2);

    await rows(sim, '/OrderHistory');
    const asked = await (await fetch(`${base}/requests`)).json();
    expect(asked).toMatchObject({ accounts: [{ history: { count: 1 } }] });
    await post('requests/reset', {});
    expect(await (await fetch(`${base}/requests`)).json()).toMatchObject({
      accounts: [{ history: { count: 0 } }],
    });

    for (const [path, body] of [
      ['revise', { symbol: 'NOPE', utc, change: null }],
      ['revise', { symbol: 'EURUSD', utc, change: { close: -1 } }],
      ['late-deal', { utc: '2027-01-01T00:00:00Z' }],
      ['late-deal', { utc, account: OTHER_ID }],
    ] as const)
      expect(await post(path, body)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    expect((await fetch(`${base}/bars?symbol=NOPE&timeframe=M1`)).status).toBe(400);
    expect((await fetch(`${base}/bars?symbol=EURUSD&timeframe=M2`)).status).toBe(400);
  });
});
