import { describe, expect, it } from 'vitest';
import { Market } from './market.ts';
import { MarketSource } from './market-source.ts';
import { Random } from '../prices/random.ts';
import { ALL_SYMBOLS, findSymbols, type SymbolSpec } from '../prices/symbols.ts';

const HOUR = 3_600_000;

interface Run {
  readonly market: Market;
  readonly source: MarketSource;
  /** Plays up to this many real milliseconds in steps of that size. */
  readonly play: (toMs: number, stepMs: () => number, maxTicks?: number) => void;
}

function run(options: {
  symbols?: readonly SymbolSpec[];
  start: string;
  ticksPerSecond: number;
  speed?: number;
  seed?: number;
}): Run {
  const { symbols = ALL_SYMBOLS, ticksPerSecond, speed = 1, seed = 7 } = options;
  const startUtcMs = Date.parse(options.start);
  const market = new Market(symbols, { seed, startUtcMs, historyDays: 10 });
  const source = new MarketSource(market, { seed, startUtcMs, monoMs: 0, speed, ticksPerSecond });
  let at = 0;
  return {
    market,
    source,
    play: (toMs, stepMs, maxTicks = 8192) => {
      while (at < toMs) {
        at = Math.min(toMs, at + stepMs());
        while (!source.advance(at, { maxTicks, subscribed: true }));
      }
    },
  };
}

const ticksOf = (market: Market): ReturnType<Market['tape']['read']>[] =>
  Array.from({ length: market.tape.count }, (_, i) => market.tape.read(i + 1));

describe('market source', () => {
  it('makes the same ticks however the time is sliced', () => {
    const seed = 99;
    const random = new Random(seed, 'slices');
    const one = run({ start: '2026-06-10T09:59:58Z', ticksPerSecond: 900 });
    const two = run({ start: '2026-06-10T09:59:58Z', ticksPerSecond: 900 });
    one.play(6000, () => 4);
    two.play(6000, () => 1 + random.next() * 700, 37);
    expect(one.market.tape.count).toBeGreaterThan(4000);
    expect(ticksOf(two.market), `seed ${seed}`).toEqual(ticksOf(one.market));
  });

  it('makes other ticks for another seed', () => {
    const one = run({ start: '2026-06-10T10:00:00Z', ticksPerSecond: 100, seed: 1 });
    const two = run({ start: '2026-06-10T10:00:00Z', ticksPerSecond: 100, seed: 2 });
    one.play(2000, () => 10);
    two.play(2000, () => 10);
    expect(ticksOf(one.market)).not.toEqual(ticksOf(two.market));
  });

  it('keeps the rate, with several ticks in a millisecond and equal ones among them', () => {
    const { market, play } = run({ start: '2026-06-10T10:00:00Z', ticksPerSecond: 500 });
    play(20_000, () => 5);
    const ticks = ticksOf(market);
    expect(ticks.length).toBeGreaterThan(9300);
    expect(ticks.length).toBeLessThan(10_700);
    let sameMs = 0;
    let equal = 0;
    for (const [i, tick] of ticks.entries()) {
      const before = ticks[i - 1];
      if (before === undefined) continue;
      expect(tick.utcMs).toBeGreaterThanOrEqual(before.utcMs);
      if (before.utcMs !== tick.utcMs || before.symbol !== tick.symbol) continue;
      sameMs++;
      if (before.bid === tick.bid && before.ask === tick.ask && before.volume === tick.volume) equal++;
    }
    expect(sameMs).toBeGreaterThan(100);
    expect(equal).toBeGreaterThan(30);
    expect(equal).toBeLessThan(sameMs);
  });

  it('quotes plausible prices: spread above zero, nothing far from the reference, last 0 on FX', () => {
    const { market, play } = run({ start: '2026-06-10T10:00:00Z', ticksPerSecond: 20, speed: 600 });
    play(10_000, () => 50);
    const odd = ticksOf(market).filter((tick) => {
      const spec = market.symbols[tick.symbol] as SymbolSpec;
      const anchor = spec.anchor * 10 ** spec.digits;
      const volumeFits = spec.kind === 'crypto' ? tick.volume > 0 : tick.last === 0 && tick.volume === 0;
      return tick.ask <= tick.bid || Math.abs(tick.bid / anchor - 1) > 0.2 || !volumeFits;
    });
    expect(market.tape.count).toBeGreaterThan(100_000);
    expect(odd).toEqual([]);
  });

  it.each([
    ['summer', '2026-06-12T20:00:00Z', '2026-06-12T21:00:00Z', '2026-06-14T21:00:00Z'],
    ['winter', '2026-01-09T21:00:00Z', '2026-01-09T22:00:00Z', '2026-01-11T22:00:00Z'],
    ['over the switch', '2026-03-06T21:00:00Z', '2026-03-06T22:00:00Z', '2026-03-08T21:00:00Z'],
  ])('shuts FX and metals for the weekend in %s, and never crypto', (_name, start, shut, open) => {
    const symbols = findSymbols(['EURUSD', 'XAUUSD', 'BTCUSD']);
    const { market, play } = run({ symbols, start, ticksPerSecond: 0.2, speed: 3600 });
    play(56_000, () => 10);
    const [shutMs, openMs] = [Date.parse(shut), Date.parse(open)];
    const ticks = ticksOf(market);
    const inside = ticks.filter(({ utcMs }) => utcMs >= shutMs && utcMs < openMs);
    expect(inside.every(({ symbol }) => symbol === 2)).toBe(true);
    expect(inside.length).toBeGreaterThan(5000);
    const eurusd = ticks.filter(({ symbol }) => symbol === 0);
    expect(eurusd.some(({ utcMs }) => utcMs < shutMs && utcMs > shutMs - HOUR / 6)).toBe(true);
    expect(eurusd.some(({ utcMs }) => utcMs >= openMs && utcMs < openMs + HOUR / 6)).toBe(true);
    const gold = ticks.filter(({ symbol, utcMs }) => symbol === 1 && utcMs >= openMs);
    expect(gold[0]?.utcMs).toBeGreaterThanOrEqual(openMs + HOUR);
  });

  it('gives way when it cannot keep up, and says so', () => {
    const { market, source } = run({ start: '2026-06-10T10:00:00Z', ticksPerSecond: 1000 });
    expect(source.advance(20_000, { maxTicks: 10, subscribed: true })).toBe(false);
    expect(market.tape.count).toBe(10);
    expect(source.state()['gaveWayMs']).toBeGreaterThan(19_000);
    expect(source.nowUtcMs()).toBeLessThan(Date.parse('2026-06-10T10:00:01Z'));
  });

  it('makes nothing while paused, and its clock goes on', () => {
    const { market, source, play } = run({ start: '2026-06-10T10:00:00Z', ticksPerSecond: 100 });
    play(1000, () => 10);
    const made = market.tape.count;
    source.pause();
    play(5000, () => 10);
    expect(market.tape.count).toBe(made);
    expect(source.nowUtcMs()).toBe(Date.parse('2026-06-10T10:00:05Z'));
    source.resume();
    play(6000, () => 10);
    expect(market.tape.count).toBeGreaterThan(made);
    expect(market.tape.read(made + 1).utcMs).toBeGreaterThanOrEqual(Date.parse('2026-06-10T10:00:05Z'));
  });
});
