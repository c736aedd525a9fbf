import { describe, expect, it } from 'vitest';
import { BrokerClock } from '../prices/broker-clock.ts';
import { Random } from '../prices/random.ts';
import { ALL_SYMBOLS, type SymbolSpec } from '../prices/symbols.ts';
import { TickEncoder } from './tick-encoder.ts';

const payloadOf = (frame: Uint8Array): string => {
  const bytes = Buffer.from(frame);
  const short = (bytes[1] as number) < 126;
  const length = short ? (bytes[1] as number) : bytes.readUInt16BE(2);
  const start = short ? 2 : 4;
  expect(bytes[0]).toBe(0x81);
  expect(bytes.length).toBe(start + length);
  return bytes.subarray(start).toString();
};

describe('tick frames', () => {
  const clock = new BrokerClock('America/New_York+7h');

  it('spells a tick as the gateway does', () => {
    const encoder = new TickEncoder(ALL_SYMBOLS, clock);
    const frame = encoder.frame(
      0,
      { n: 1, utcMs: Date.parse('2026-06-23T09:00:00.007Z'), bid: 108490, ask: 108510, last: 0, volume: 0 },
      false,
    );
    expect(payloadOf(frame)).toBe(
      '{"type":"tick","symbol":"EURUSD","data":{"symbol":"EURUSD","bid":1.0849,"ask":1.0851,' +
        '"time":"2026-06-23T12:00:00.007Z","last":0.0,"volume":0}}',
    );
  });

  it('says exactly the prices and the broker time, for every symbol, also in whole seconds', () => {
    const seed = 20_261_123;
    const random = new Random(seed, 'encoder');
    const odd: SymbolSpec = { ...(ALL_SYMBOLS[0] as SymbolSpec), name: 'X', digits: 0 };
    const symbols = [...ALL_SYMBOLS, odd];
    const encoder = new TickEncoder(symbols, clock);
    const buffer = Buffer.alloc(4096);
    for (let i = 0; i < 3000; i++) {
      const symbol = random.below(symbols.length);
      const { name, digits } = symbols[symbol] as SymbolSpec;
      const utcMs = Date.parse('2026-01-01T00:00:00Z') + random.below(31_536_000) * 1000 + random.below(1000);
      const [bid, ask] = [random.below(2 ** (1 + random.below(31))), random.below(2_000_000_000)];
      const [last, volume] =
        random.next() < 0.5 ? [0, 0] : [random.below(2_000_000_000), random.below(100_000)];
      const whole = random.next() < 0.3;
      const end = encoder.write(buffer, 7, symbol, utcMs, bid, ask, last, volume, whole);
      const message = JSON.parse(payloadOf(buffer.subarray(7, end))) as { symbol: string; data: unknown };
      const broker = clock.brokerMs(utcMs);
      const time = new Date(broker).toISOString();
      expect(message, `seed ${seed}, round ${i}`).toEqual({
        type: 'tick',
        symbol: name,
        data: {
          symbol: name,
          bid: Number((bid / 10 ** digits).toFixed(digits)),
          ask: Number((ask / 10 ** digits).toFixed(digits)),
          time: whole ? `${time.slice(0, 19)}Z` : time,
          last: Number((last / 10 ** digits).toFixed(digits)),
          volume,
        },
      });
    }
  });
});
