import { afterEach, describe, expect, it } from 'vitest';
import { type ScenarioInput } from '../scenario.ts';
import { get, until } from '../../testing/client.ts';
import { Gateways, rows, START } from '../../testing/history.ts';

const gateways = new Gateways();
const start = gateways.start.bind(gateways);
afterEach(() => gateways.close());

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
