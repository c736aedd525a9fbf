// The short way of ticks against the long way: whatever the short way answers, the long way answers too, value for value and bit for
// bit; and it answers for ticks as gateways spell them, else it would be of no use.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeWhole } from './codec.ts';
import { scanTick } from './scan-tick.ts';

const scan = (text: string) => scanTick(Buffer.from(text, 'utf8'), text);

const same = (text: string): boolean => {
  const short = scan(text);
  if (short === null) return false;
  const long = decodeWhole(text);
  expect(long.type, text).toBe('tick');
  if (long.type !== 'tick') return true;
  expect(short.symbol, text).toBe(long.symbol);
  for (const name of ['bid', 'ask', 'last', 'volume', 'time'] as const)
    expect(Object.is(short.data[name], long.data[name]), `${name} of ${text}`).toBe(true);
  return true;
};

const frame = (members: string, symbol = 'EURUSD'): string =>
  `{"type":"tick","symbol":"${symbol}","data":{${members}}}`;
const plain = '"bid":1.0849,"ask":1.0851,"time":"2026-06-23T12:00:00.123Z"';

test('ticks as gateways spell them take the short way', () => {
  for (const text of [
    frame(plain),
    frame(`"symbol":"EURUSD",${plain},"last":0.0,"volume":0`),
    frame(`"time":"2026-06-23T12:00:00Z","volume":12,"ask":1.0851,"bid":1.08490`),
    frame(`${plain},"last":-0,"volume":0.5`),
    frame('"bid":2345.67,"ask":2345.9,"time":""', 'XAUUSD.sd'),
  ])
    expect(same(text), text).toBe(true);
});

test('everything else is left to the long way', () => {
  for (const text of [
    frame(`${plain},"last":null`),
    frame(`${plain},"flags":6`),
    frame(`${plain},"bid":1.1`),
    frame(plain.replace('1.0849', '1e0')),
    frame(plain.replace('1.0849', '01.5')),
    frame(plain.replace('1.0849', '1.')),
    frame(plain.replace('1.0849', '.5')),
    frame(plain.replace('1.0849', '+1')),
    frame(plain.replace('1.0849', '-')),
    frame(plain.replace('1.0849', '"1.0849"')),
    frame(plain.replace('1.0849', '1.0849999999999999')),
    frame(plain.replace('"bid":1.0849,', '')),
    frame(`"symbol":"GBPUSD",${plain}`),
    frame(plain, ''),
    frame(plain, 'A\\u0042'),
    frame(plain, 'A\tB'),
    frame(plain, 'Ω kröne'),
    `${frame(plain)} `,
    `${frame(plain)}}`,
    ` ${frame(plain)}`,
    frame(`${plain},`),
    frame(plain.replace(',', ', ')),
    '',
    '{',
    frame(plain).slice(0, -1),
  ])
    expect(scan(text), text).toBeNull();
});

test('a name that meets the place of another one in the table of names keeps its own', () => {
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 5000; i++) expect(same(frame(plain, `S${i}`))).toBe(true);
});

test('bytes that are not text never take the short way, however many they are', () => {
  const bytes = Buffer.from(frame(plain, 'EURUSD?'), 'latin1');
  bytes[bytes.indexOf('?')] = 0xff;
  expect(scanTick(bytes, bytes.toString('utf8'))).toBeNull();
});

test('any cut and any changed character of a frame gives what the long way gives, or nothing', () => {
  const text = frame(`"symbol":"EURUSD",${plain},"last":0.0,"volume":17`);
  for (let at = 0; at < text.length; at++) {
    same(text.slice(0, at));
    for (const other of '0-.,:"{}[]\\ eE9nt\u00e9') same(text.slice(0, at) + other + text.slice(at + 1));
  }
});

test('random frames, random order, random numbers', () => {
  const decimal = fc
    .tuple(fc.boolean(), fc.nat({ max: 999_999_999 }), fc.integer({ min: 0, max: 9 }))
    .map(([minus, whole, decimals]) => {
      const digits = String(whole).padStart(decimals + 1, '0');
      const text =
        decimals === 0 ? String(whole) : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
      return (minus ? '-' : '') + text;
    });
  const number = fc.oneof(
    { weight: 8, arbitrary: decimal },
    { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String) },
    { weight: 1, arbitrary: fc.constantFrom('null', '-0', '0.0', '1E5', 'true', '""') },
  );
  const member = fc
    .tuple(fc.constantFrom('bid', 'ask', 'last', 'volume', 'time', 'symbol', 'x'), number, fc.string())
    .map(([name, value, text]) =>
      name === 'time' || name === 'symbol' ? `"${name}":${JSON.stringify(text)}` : `"${name}":${value}`,
    );
  const members = fc.tuple(number, number, fc.array(member, { maxLength: 4 })).chain(([bid, ask, more]) =>
    fc.shuffledSubarray([`"bid":${bid}`, `"ask":${ask}`, '"time":"2026-01-05T00:00:00Z"', ...more], {
      minLength: 3,
    }),
  );
  let short = 0;
  fc.assert(
    fc.property(members, (parts) => {
      if (same(frame(parts.join(',')))) short++;
    }),
    { numRuns: 20_000 },
  );
  expect(short).toBeGreaterThan(2000);
});
