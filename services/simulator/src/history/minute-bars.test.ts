import { describe, expect, it } from 'vitest';
import { BrokerClock } from '../prices/broker-clock.ts';
import { Market } from '../broker/market.ts';
import { MarketSource } from '../broker/market-source.ts';
import { findSymbols } from '../prices/symbols.ts';
import { type Bar, MinuteBars } from './minute-bars.ts';
import { DayCache, PastBars } from './past.ts';
import { barOpen, type Timeframe, TIMEFRAMES } from './timeframe.ts';

const at = (text: string): number => Date.parse(text);
const newYork = new BrokerClock('America/New_York+7h');

/** A week and a bit of ticks of three symbols, over a weekend and the clock switch of March. */
function week(): Market {
  const startUtcMs = at('2026-03-04T10:17:33Z');
  const symbols = findSymbols(['EURUSD', 'XAUUSD', 'BTCUSD']);
  const market = new Market(symbols, { seed: 3, startUtcMs, historyDays: 60 });
  const source = new MarketSource(market, {
    seed: 3,
    startUtcMs,
    monoMs: 0,
    speed: 3600,
    ticksPerSecond: 0.1,
  });
  for (let ms = 50; ms <= 170_000; ms += 50) source.advance(ms, { maxTicks: 100_000, subscribed: true });
  return market;
}

/** The plain way: bars of the ticks of a symbol, straight from the tape. */
function fold(market: Market, symbol: number, timeframe: Timeframe, clock: BrokerClock): Bar[] {
  const bars: Bar[] = [];
  for (let n = 1; n <= market.tape.count; n++) {
    const tick = market.tape.read(n);
    if (tick.symbol !== symbol) continue;
    const openBrokerMs = barOpen(timeframe, clock.brokerMs(tick.utcMs));
    const last = bars.at(-1);
    const spread = tick.ask - tick.bid;
    if (last?.openBrokerMs !== openBrokerMs) {
      const { bid } = tick;
      bars.push({ openBrokerMs, open: bid, high: bid, low: bid, close: bid, volume: 1, spread });
    } else {
      bars[bars.length - 1] = {
        ...last,
        high: Math.max(last.high, tick.bid),
        low: Math.min(last.low, tick.bid),
        close: tick.bid,
        volume: last.volume + 1,
        spread,
      };
    }
  }
  return bars;
}

describe('bars', () => {
  const market = week();

  it.each(TIMEFRAMES)('of %s agree with the ticks, in any broker clock', (timeframe) => {
    for (const rule of ['America/New_York+7h', 'Europe/Athens', 'UTC+3h', 'UTC-2h30m']) {
      const clock = new BrokerClock(rule);
      for (const symbol of [0, 1, 2]) {
        const fromTicks = fold(market, symbol, timeframe, clock);
        // Bars that began before the start hold made-up minutes too.
        const whole = fromTicks.filter(
          (bar) => bar.openBrokerMs > clock.brokerMs(at('2026-03-04T10:17:33Z')),
        );
        const from = whole[0]?.openBrokerMs ?? Number.POSITIVE_INFINITY;
        const bars = market.bars[symbol]?.bars(timeframe, from, at('2027-01-01T00:00:00Z'), clock);
        expect(bars).toEqual(whole);
        if (timeframe === 'M1') expect(whole.length).toBeGreaterThan(1000);
      }
    }
  });

  it('that were just closed are the bars of the history', () => {
    const eurusd = market.bars[0] as MinuteBars;
    for (const timeframe of TIMEFRAMES) {
      const all = eurusd.bars(timeframe, at('2026-01-01T00:00:00Z'), at('2026-12-01T00:00:00Z'), newYork);
      const last = all.at(-1) as Bar;
      const tick = market.tape.lastTick(0);
      expect(eurusd.barAt(timeframe, Math.floor((tick?.utcMs ?? 0) / 60_000), newYork)).toEqual(last);
    }
  });

  it('of the past are the same each time, meet the start, and keep the weekend free', () => {
    const startUtcMs = at('2026-03-04T10:17:33Z');
    const make = (): MinuteBars =>
      new MinuteBars(
        new PastBars(market.symbols[0] as Market['symbols'][number], {
          seed: 3,
          startUtcMs,
          days: 60,
          cache: new DayCache(),
          isOpen: market.isOpen,
        }),
      );
    const from = at('2026-01-04T00:00:00Z');
    const to = at('2026-03-04T12:17:00Z');
    const minutes = make().bars('M1', from, to, newYork);
    const other = make();
    other.bars('M1', at('2026-02-10T00:00:00Z'), at('2026-02-11T00:00:00Z'), newYork);
    expect(other.bars('M1', from, to, newYork)).toEqual(minutes);
    expect(minutes.at(-1)?.openBrokerMs).toBe(at('2026-03-04T12:16:00Z'));
    expect(minutes.at(-1)?.close).toBe(108_520);
    const odd = minutes.filter(({ openBrokerMs, open, high, low, close }, i) => {
      const inside = low <= Math.min(open, close) && high >= Math.max(open, close);
      const weekend = [0, 6].includes(new Date(openBrokerMs).getUTCDay());
      return !inside || weekend || openBrokerMs <= (minutes[i - 1]?.openBrokerMs ?? 0);
    });
    expect(odd).toEqual([]);
    const hours = make().bars('H1', from, to, newYork);
    const sum = (bars: readonly Bar[]): number => bars.reduce((total, bar) => total + bar.volume, 0);
    expect(sum(hours)).toBe(sum(minutes));
    const [january] = make().bars('MN1', at('2026-01-01T00:00:00Z'), at('2026-01-31T00:00:00Z'), newYork);
    const days = make().bars('D1', at('2026-01-01T00:00:00Z'), at('2026-01-31T00:00:00Z'), newYork);
    expect(january?.volume).toBe(sum(days));
  });

  it('shows both passes of an hour that occurs twice', () => {
    const startUtcMs = at('2026-11-01T04:00:00Z');
    const symbols = findSymbols(['BTCUSD']);
    const twice = new Market(symbols, { seed: 3, startUtcMs, historyDays: 1 });
    for (let utcMs = startUtcMs; utcMs < at('2026-11-01T09:00:00Z'); utcMs += 30_000)
      twice.record(0, utcMs, 6_000_000 + utcMs / 60_000, 6_100_000, 0, 0);
    const bars = twice.bars[0] as MinuteBars;
    const [from, to] = [at('2026-11-01T08:00:00Z'), at('2026-11-01T08:59:00Z')];
    const minutes = bars.bars('M1', from, to, newYork);
    expect(minutes).toHaveLength(120);
    expect(minutes[60]?.openBrokerMs).toBe(from);
    expect(bars.bars('H1', from, from, newYork).map(({ volume }) => volume)).toEqual([240]);
  });
});
