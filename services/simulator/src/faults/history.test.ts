import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID, type ScenarioInput } from '../scenario.ts';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, get } from '../../testing/client.ts';

const OTHER_ID = '11111111-2222-4333-8444-555555555555';
const QUIET: ScenarioInput = {
  source: {
    kind: 'market',
    ticksPerSecond: 0,
    startUtc: '2026-06-10T10:00:00Z',
    symbols: ['EURUSD', 'BTCUSD'],
  },
  history: { quoteTicks: 'full', trader: { dealsPerDay: 20, days: 60 } },
};

type Row = Record<string, number | string>;

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

async function quiet(over: ScenarioInput = {}): Promise<Simulator> {
  simulator = await startSimulator({ ...QUIET, ...over });
  return simulator;
}

/** Two hours of EURUSD minutes: 120 bars (both bounds are inclusive, in broker time). */
const MINUTES = '/PriceHistory?symbol=EURUSD&timeframe=M1&from=2026-06-09T10:00:00&to=2026-06-09T11:59:00';
const BITCOIN = MINUTES.replace('EURUSD', 'BTCUSD');
const TICKS = '/QuoteTicks?symbol=BTCUSD&from=2026-06-10&to=2026-06-11';
const DEALS = '/OrderHistory?from=2026-06-01&to=2026-06-10';

const rows = async (sim: Simulator, path: string): Promise<Row[]> => {
  const { status, json } = await get(sim, path);
  expect([path, status]).toEqual([path, 200]);
  return json as Row[];
};
const statuses = async (sim: Simulator, path: string, times: number): Promise<number[]> => {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push((await get(sim, path)).status);
  return all;
};

describe('a history that is not ready', () => {
  it('says so with the words of the call, while it lasts, for one account', async () => {
    const sim = await quiet({ accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID }] });
    const { id } = sim.fault({ kind: 'history_not_ready', account: DEMO_ACCOUNT_ID });
    for (const [path, call] of [
      [MINUTES, 'CopyRates'],
      [TICKS, 'CopyTicks'],
      [DEALS, 'HistorySelect'],
    ] as const)
      expect(await get(sim, path)).toMatchObject({
        status: 500,
        json: { error: 'MRPC', message: `${call} failed`, command_id: expect.any(Number) },
      });
    expect((await get(sim, MINUTES, { account: OTHER_ID })).status).toBe(200);
    expect(sim.release({ id })).toBe(1);
    expect(await rows(sim, MINUTES)).toHaveLength(120);
  });

  it('is for the first requests of each series only', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'history_not_ready', asks: 2, path: '/PriceHistory' });
    expect(await statuses(sim, MINUTES, 4)).toEqual([500, 500, 200, 200]);
    expect(await statuses(sim, BITCOIN, 3)).toEqual([500, 500, 200]);
    expect(await statuses(sim, DEALS, 1)).toEqual([200]);
  });

  it('grows with each request until it is complete', async () => {
    const sim = await quiet();
    const whole = await rows(sim, MINUTES);
    sim.fault({ kind: 'history_growing', asks: 3, missing: 'oldest', symbol: 'EURUSD' });
    for (const shown of [30, 60, 90, 120, 120]) expect(await rows(sim, MINUTES)).toEqual(whole.slice(-shown));
    expect(await rows(sim, BITCOIN)).toHaveLength(120);
    sim.release();
    sim.fault({ kind: 'history_growing', asks: 1, missing: 'newest', each: 'range' });
    expect(await rows(sim, MINUTES)).toEqual(whole.slice(0, 60));
    expect(await rows(sim, MINUTES)).toEqual(whole);
    expect(await rows(sim, MINUTES.replace('11:59', '11:39'))).toEqual(whole.slice(0, 50));
  });

  it('lacks the newest minutes while the market is open', async () => {
    const sim = await quiet();
    sim.emit('BTCUSD', [null, null]);
    const path = MINUTES.replaceAll('06-09', '06-10').replace('T11:59', 'T14:00');
    const whole = await rows(sim, path);
    sim.fault({ kind: 'history_unsynced', minutes: 30 });
    const known = await rows(sim, path);
    expect(known).toEqual(whole.slice(0, known.length));
    expect(known.at(-1)?.['time']).toBe('2026-06-10T12:29:00.000Z');
    expect(await rows(sim, TICKS)).toEqual([]);
    sim.release();
    expect(await rows(sim, TICKS)).toHaveLength(2);
  });

  it('stands still while the terminal has no link to its broker', async () => {
    const sim = await quiet();
    sim.emit('BTCUSD', [null, null]);
    sim.setClock({ utcMs: Date.parse('2026-06-10T10:05:00Z') });
    sim.fault({ kind: 'broker_disconnect' });
    sim.setClock({ utcMs: Date.parse('2026-06-10T10:10:00Z') });
    sim.emit('BTCUSD', [null, null, null]);
    const bars = BITCOIN.replaceAll('06-09', '06-10').replace('T11:59', 'T14:00');
    expect(await rows(sim, TICKS)).toHaveLength(2);
    expect((await rows(sim, bars)).at(-1)?.['time']).toBe('2026-06-10T13:00:00.000Z');
    sim.release();
    expect(await rows(sim, TICKS)).toHaveLength(5);
    expect((await rows(sim, bars)).at(-1)?.['time']).toBe('2026-06-10T13:10:00.000Z');
  });
});

describe('a limit', () => {
  it('cuts without a word', async () => {
    const sim = await quiet();
    const whole = await rows(sim, MINUTES);
    sim.fault({ kind: 'history_cap', rows: 50 });
    expect(await rows(sim, MINUTES)).toEqual(whole.slice(0, 50));
    expect((await rows(sim, DEALS)).length).toBeLessThanOrEqual(50);
    sim.release();
    sim.fault({ kind: 'history_cap', rows: 50, cut: 'oldest' });
    expect(await rows(sim, MINUTES)).toEqual(whole.slice(-50));
    sim.emit(
      'BTCUSD',
      Array.from({ length: 60 }, () => null),
    );
    expect(await rows(sim, TICKS)).toHaveLength(50);
  });

  it('times out above a span or a number of rows, and can be changed while it runs', async () => {
    const sim = await quiet();
    const { id } = sim.fault({ kind: 'history_timeout_above', bars: 100, path: '/PriceHistory' });
    expect(await get(sim, MINUTES)).toMatchObject({
      status: 504,
      json: { error: 'MRPC_TIMEOUT', message: 'MarketInfo.PriceHistory timed out' },
    });
    expect(await statuses(sim, MINUTES.replace('11:59', '11:30'), 1)).toEqual([200]);
    sim.fault({ kind: 'history_timeout_above', bars: 50, path: '/PriceHistory' });
    expect(await statuses(sim, MINUTES.replace('11:59', '11:30'), 1)).toEqual([504]);
    sim.release({ id });
    sim.release();
    sim.fault({ kind: 'history_timeout_above', rows: 100 });
    expect(await statuses(sim, MINUTES, 1)).toEqual([504]);
    sim.release();
    sim.fault({ kind: 'history_timeout_above', hours: 48, path: '/OrderHistory' });
    expect(await statuses(sim, DEALS, 1)).toEqual([504]);
    expect(await statuses(sim, '/OrderHistory?from=2026-06-08&to=2026-06-10', 1)).toEqual([200]);
    // Without bounds a request asks for all there is.
    expect(await statuses(sim, '/OrderHistory', 1)).toEqual([504]);
  });
});

describe('a gateway in trouble', () => {
  it('is busy, with or without a time to come back', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'history_busy', count: 2 });
    expect(await statuses(sim, MINUTES, 3)).toEqual([503, 503, 200]);
    sim.fault({ kind: 'history_busy', status: 429, retryAfterS: 7, count: 1 });
    const response = await fetch(`http://${sim.addr}/mt5/${DEMO_ACCOUNT_ID}${MINUTES}`, {
      headers: { 'X-API-Key': 'fxs_ro_demo' },
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
    await response.text();
    sim.release();
    sim.fault({ kind: 'history_busy', everyMs: 60_000, forMs: 59_000 });
    expect(await statuses(sim, MINUTES, 1)).toEqual([503]);
    sim.release();
    sim.fault({ kind: 'history_busy', everyMs: 60_000, forMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await statuses(sim, MINUTES, 1)).toEqual([200]);
  });

  it('answers with a page, or breaks off in the middle', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'history_html', count: 1 });
    const page = await get(sim, MINUTES);
    expect([page.status, page.json]).toEqual([502, null]);
    expect(page.text).toContain('<html>');
    sim.fault({ kind: 'history_reset', count: 1 });
    await expect(get(sim, MINUTES)).rejects.toThrow();
    expect(await rows(sim, MINUTES)).toHaveLength(120);
    expect(sim.requests().accounts[0]?.routes['/PriceHistory']?.statuses).toEqual({ 0: 1, 200: 1, 502: 1 });
  });

  it('is slow, by request and by row', async () => {
    const sim = await quiet();
    sim.fault({ kind: 'history_slow', requestMs: 20, rowUs: 1000 });
    const began = performance.now();
    await get(sim, MINUTES);
    expect(performance.now() - began).toBeGreaterThan(135);
  });

  it('is in trouble by chance, with the same sequence for the same seed', async () => {
    const run = async (seed: number): Promise<number[]> => {
      const sim = await quiet({ seed });
      sim.fault({ kind: 'history_busy', chance: 0.4 });
      sim.fault({ kind: 'history_html', chance: 0.2 });
      const all = await statuses(sim, MINUTES, 40);
      await sim.close();
      return all;
    };
    const first = await run(5);
    expect(await run(5)).toEqual(first);
    expect(await run(6)).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 502, 503]));
  });
});

describe('a history that speaks otherwise', () => {
  const MANY = Array.from({ length: 20 }, () => null);

  it('has no milliseconds', async () => {
    const sim = await quiet();
    sim.emit('BTCUSD', MANY);
    const clean = await rows(sim, TICKS);
    sim.fault({ kind: 'history_whole_seconds' });
    expect(await rows(sim, TICKS)).toEqual(
      clean.map(({ timeMsc: _msc, ...row }) => ({ ...row, time: `${String(row['time']).slice(0, 19)}Z` })),
    );
  });

  it.each([1e-7, 4e-10])('has noise of %d in its prices, the same each time', async (amount) => {
    const sim = await quiet();
    sim.emit('BTCUSD', MANY);
    for (const path of [TICKS, MINUTES]) {
      const clean = await rows(sim, path);
      sim.fault({ kind: 'history_float_noise', amount });
      const noisy = await rows(sim, path);
      expect(await rows(sim, path)).toEqual(noisy);
      sim.release();
      const prices = ['bid', 'ask', 'last', 'open', 'high', 'low', 'close'].filter(
        (name) => name in (clean[0] ?? {}),
      );
      const at = (all: readonly Row[]): number[] =>
        all.flatMap((row) => prices.map((name) => Number(row[name])));
      const [before, after] = [at(clean), at(noisy)];
      expect(after.every((price, i) => Math.abs(price - Number(before[i])) <= amount * 1.1)).toBe(true);
      expect(after).not.toEqual(before);
      const rounded = (all: readonly number[]): string[] => all.map((price) => price.toFixed(8));
      // Below half of the eighth decimal it is the same price.
      if (amount < 5e-9) expect(rounded(after)).toEqual(rounded(before));
      else expect(rounded(after)).not.toEqual(rounded(before));
    }
  });

  it('has neither last nor volume', async () => {
    const sim = await quiet();
    sim.emit('BTCUSD', MANY);
    const clean = await rows(sim, TICKS);
    sim.fault({ kind: 'history_without_last' });
    expect(await rows(sim, TICKS)).toEqual(clean.map(({ last: _last, volume: _volume, ...row }) => row));
  });

  it('no longer lists a symbol', async () => {
    const sim = await quiet();
    const client = await connect(sim);
    sim.fault({ kind: 'symbol_unlisted', symbol: 'BTCUSD' });
    expect((await get(sim, '/symbols')).json).toEqual(['EURUSD']);
    for (const path of [BITCOIN, TICKS, '/SymbolInfo?symbol=BTCUSD'])
      expect(await statuses(sim, path, 1)).toEqual([500]);
    expect(await client.subscribe('prices', 'BTCUSD')).toMatchObject({ type: 'error' });
    sim.release();
    expect(await rows(sim, BITCOIN)).toHaveLength(120);
    expect(await client.subscribe('prices', 'BTCUSD')).toMatchObject({ type: 'subscribed' });
    await client.end();
  });
});
