// Brokers with clocks of their own: what they told of the past is in the wall clock of then, and what their clocks say of today may lie.

import { utcMs } from '@fxtape/market';
import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID } from '../scenario.ts';
import { get } from '../../testing/client.ts';
import { Gateways, OTHER_ID, rows } from '../../testing/history.ts';
import { BrokerClock } from '../prices/broker-clock.ts';
import { openHours } from '../prices/session.ts';

const gateways = new Gateways();
afterEach(() => gateways.close());

const MOVED = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';
const brokerMs = (time: unknown): number => Date.parse(String(time));

describe('a broker that moved', () => {
  it('tells bars and deals in the wall clock of then, on both sides of the move', async () => {
    const simulator = await gateways.start({
      accounts: [
        { id: DEMO_ACCOUNT_ID, clockRule: MOVED },
        { id: OTHER_ID, clockRule: 'UTC' },
      ],
      history: { days: 600, trader: { dealsPerDay: 4, days: 500 } },
    });
    const clock = new BrokerClock(MOVED);
    // In March New York has switched and Athens has not; in 2025 the broker kept Athens' time, in 2026 New York's.
    for (const [day, offsetH] of [
      ['2025-03-18', 2],
      ['2026-03-18', 3],
    ] as const) {
      const hour = (account: string) =>
        rows(
          simulator,
          `/PriceHistory?symbol=EURUSD&timeframe=H1&from=${day}T10:00:00&to=${day}T14:00:00`,
          account,
        );
      const broker = await hour(DEMO_ACCOUNT_ID);
      const utc = await hour(OTHER_ID);
      const shifted = utc.map((bar) => ({
        open: bar['open'],
        at: brokerMs(bar['time']) + offsetH * 3_600_000,
      }));
      const known = new Map(shifted.map(({ at, open }) => [at, open]));
      const shared = broker.filter((bar) => known.has(brokerMs(bar['time'])));
      expect(shared.length).toBeGreaterThanOrEqual(2);
      for (const bar of shared) expect(bar['open']).toBe(known.get(brokerMs(bar['time'])));
    }
    const deals = await simulator.truthDeals();
    const told = await rows(simulator, '/OrderHistory');
    expect(told.length).toBe(deals.length);
    const offsets = new Set<number>();
    for (const [i, deal] of deals.entries()) {
      expect(brokerMs(told[i]?.['time'])).toBe(clock.brokerMs(deal['utcMs'] as number));
      offsets.add(clock.rule.offsetAt(utcMs(deal['utcMs'] as number)));
    }
    expect(offsets).toEqual(new Set([7200, 10_800]));
  });
});

describe('holidays', () => {
  it('have no bars, and the days before them end early', async () => {
    const scenario = {
      accounts: [{ id: DEMO_ACCOUNT_ID, clockRule: 'America/New_York' }],
      history: { days: 300 },
    };
    const bars = async (holidays: boolean, symbol: string): Promise<string[]> => {
      const simulator = await gateways.start({ ...scenario, holidays });
      const of = `symbol=${symbol}&timeframe=H1&from=2025-12-23T00:00:00&to=2025-12-26T23:00:00`;
      return (await rows(simulator, `/PriceHistory?${of}`)).map(({ time }) => String(time).slice(5, 13));
    };
    const ordinary = await bars(false, 'EURUSD');
    const holidays = await bars(true, 'EURUSD');
    expect(ordinary.filter((hour) => !holidays.includes(hour))).toEqual([
      ...[13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23].map((hour) => `12-24T${hour}`),
      ...Array.from({ length: 17 }, (_, hour) => `12-25T${String(hour).padStart(2, '0')}`),
    ]);
    expect(await bars(true, 'BTCUSD')).toEqual(await bars(false, 'BTCUSD'));
    const open = openHours(true);
    expect(open('metal', Date.UTC(2025, 10, 27, 19))).toBe(false);
    expect(open('fx', Date.UTC(2025, 10, 27, 19))).toBe(true);
  });
});

describe('a clock that is set', () => {
  it('is set at the minute that the rule names, not at the next quarter of an hour', () => {
    for (const [before, after] of [
      [3, 2],
      [2, 3],
    ] as const) {
      const at = Date.UTC(2026, 10, 30, 4, 41);
      const clock = new BrokerClock(`UTC+${before}h until 2026-11-30T04:41Z then UTC+${after}h`);
      const offsets = [at - 60_000, at - 1, at, at + 1, at - 1].map((ms) => clock.offsetMs(ms) / 3_600_000);
      expect(offsets).toEqual([before, before, after, after, before]);
    }
  });
});

describe('what the clock of today says', () => {
  const saturday = { kind: 'market', ticksPerSecond: 0, startUtc: '2026-06-13T10:00:00Z' } as const;

  it('stands still at the close while nothing is open, where the broker does so', async () => {
    const simulator = await gateways.start({
      accounts: [{ id: DEMO_ACCOUNT_ID, freezesWhileShut: true }, { id: OTHER_ID }],
      source: { ...saturday, symbols: ['EURUSD', 'XAUUSD'] },
    });
    const said = async (account: string): Promise<string> =>
      ((await get(simulator, '/status', { account })).json as { serverTime: string }).serverTime;
    expect(await said(DEMO_ACCOUNT_ID)).toBe('2026-06-12T23:59:59.999Z');
    expect((await said(OTHER_ID)).slice(0, 13)).toBe('2026-06-13T13');
    simulator.setClock({ utcMs: Date.UTC(2026, 5, 14, 21, 30) });
    expect((await said(DEMO_ACCOUNT_ID)).slice(0, 15)).toBe('2026-06-15T00:3');
  });

  it('goes on where crypto is open, and may lie about its zone', async () => {
    const simulator = await gateways.start({
      accounts: [{ id: DEMO_ACCOUNT_ID, freezesWhileShut: true, statedOffsetS: 0 }],
      source: { ...saturday, symbols: ['EURUSD', 'BTCUSD'] },
    });
    const { json } = await get(simulator, '/ServerTimezone');
    expect(json).toMatchObject({ utcOffsetSeconds: 0 });
    expect((json as { serverTime: string }).serverTime.slice(0, 13)).toBe('2026-06-13T10');
    const status = (await get(simulator, '/status')).json as { serverTime: string };
    expect(status.serverTime.slice(0, 13)).toBe('2026-06-13T13');
  });
});
