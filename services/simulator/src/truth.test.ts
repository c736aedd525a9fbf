import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID } from './scenario.ts';
import { get, until } from '../testing/client.ts';
import { Gateways, OTHER_ID, rows, START } from '../testing/history.ts';

const gateways = new Gateways();
const start = gateways.start.bind(gateways);
afterEach(() => gateways.close());

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
      ['revise', { symbol: 'EURUSD', utc, change: { close: 'one' } }],
      ['late-deal', { utc: '2027-01-01T00:00:00Z' }],
      ['late-deal', { utc, account: OTHER_ID }],
    ] as const)
      expect(await post(path, body)).toMatchObject({ status: 400, code: 'REQUEST_INVALID' });
    expect((await fetch(`${base}/bars?symbol=NOPE&timeframe=M1`)).status).toBe(400);
    expect((await fetch(`${base}/bars?symbol=EURUSD&timeframe=M2`)).status).toBe(400);
  });
});
