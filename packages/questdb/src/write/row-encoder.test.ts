import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRows } from './encode-rows.ts';
import { EARLIEST_TS_US, LATEST_TS_US, RowEncoder } from './row-encoder.ts';
import { type Row, type TableDef, tables } from '@fxtape/market/tables';

const T = 1_795_431_234_123_456;

/** Every column type, one optional key. */
const all: TableDef = {
  name: 'everything',
  designated: 'ts',
  partition: 'DAY',
  columns: [
    { name: 'ts', type: 'timestamp' },
    { name: 'tag', type: 'symbol' },
    { name: 'other', type: 'symbol' },
    { name: 'text', type: 'varchar' },
    { name: 'real', type: 'double' },
    { name: 'big', type: 'long' },
    { name: 'small', type: 'int' },
    { name: 'flag', type: 'boolean' },
    { name: 'ts_other', type: 'timestamp' },
  ],
  keys: ['ts', 'tag', 'other'],
  required: ['ts', 'tag'],
};

function lineOf(row: Row): string {
  const encoded = encodeRows(all, [row]);
  expect(encoded.refused).toEqual([]);
  return Buffer.from(encoded.body).toString('latin1');
}

function refusalOf(row: Row): string {
  const encoded = encodeRows(all, [row]);
  expect(encoded.body).toHaveLength(0);
  expect(encoded.refused).toHaveLength(1);
  return encoded.refused[0]?.reason ?? '';
}

function double(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return `=\u0010${bytes.toString('latin1')}`;
}

test('a tick is symbols, fields, then its time', () => {
  const { body } = encodeRows(tables.ticks, [
    {
      ts: T,
      feed: 'icm',
      symbol: 'EURUSD',
      ts_recv: T + 7,
      bid: 1.08422,
      ask: 1.08425,
      utc_offset_s: 10_800,
      source: 'live',
    },
  ]);
  expect(Buffer.from(body).toString('latin1')).toBe(
    `ticks,feed=icm,symbol=EURUSD,source=live ts_recv=${T + 7}t,bid=${double(1.08422)},ask=${double(1.08425)},utc_offset_s=10800i ${T}t\n`,
  );
});

test('every type has its own form', () => {
  expect(
    lineOf({ ts: T, tag: 'a', other: null, text: 'x', big: 5, small: -7, flag: true, ts_other: T }),
  ).toBe(`everything,tag=a text="x",big=5i,small=-7i,flag=t,ts_other=${T}t ${T}t\n`);
  expect(lineOf({ ts: T, tag: 'a', other: 'b', flag: false })).toBe(
    `everything,tag=a,other=b flag=f ${T}t\n`,
  );
});

test('a row of keys alone is a line', () => {
  expect(lineOf({ ts: T, tag: 'a', other: null })).toBe(`everything,tag=a ${T}t\n`);
});

test('what the protocol gives a meaning to is escaped', () => {
  expect(lineOf({ ts: T, tag: 'a b,c=d\\e\nf\rg"h', other: null })).toBe(
    `everything,tag=a\\ b\\,c\\=d\\\\e\\\nf\\\rg"h ${T}t\n`,
  );
  expect(lineOf({ ts: T, tag: 'a', text: 'a b,c=d\\e\nf\rg"h' })).toBe(
    `everything,tag=a text="a b,c=d\\\\e\\\nf\\\rg\\"h" ${T}t\n`,
  );
  expect(lineOf({ ts: T, tag: '', text: '' })).toBe(`everything,tag= text="" ${T}t\n`);
});

test('U+0000 and half surrogate pairs are replaced by characters that can be stored', () => {
  const { body } = encodeRows(all, [{ ts: T, tag: 'a\0b\ud800', text: 'c\0d\udc00é😀' }]);
  expect(Buffer.from(body).toString('utf8')).toBe(`everything,tag=a␀b\ufffd text="c␀d\ufffdé😀" ${T}t\n`);
});

test('−0 is 0, also as an integer', () => {
  expect(lineOf({ ts: T, tag: 'a', real: -0, big: -0, small: -0 })).toBe(
    `everything,tag=a real=${double(0)},big=0i,small=0i ${T}t\n`,
  );
});

test.each([
  [{ real: Number.NaN }, 'real is not a finite number (NaN)'],
  [{ real: Number.POSITIVE_INFINITY }, 'real is not a finite number (Infinity)'],
  [{ real: '1' }, 'real is not a finite number ("1")'],
  [{ big: 2 ** 53 }, 'big is not a safe integer (9007199254740992)'],
  [{ big: 1.5 }, 'big is not a safe integer (1.5)'],
  [{ big: 2n ** 63n }, 'big is not a 64-bit integer (9223372036854775808)'],
  [{ big: -(2n ** 63n) }, 'big is not a 64-bit integer (-9223372036854775808)'],
  [{ big: '5' }, 'big is not an integer ("5")'],
  [{ small: 2 ** 31 }, 'small is not a 32-bit integer (2147483648)'],
  [{ small: -(2 ** 31) }, 'small is not a 32-bit integer (-2147483648)'],
  [{ flag: 1 }, 'flag is not a boolean (1)'],
  [{ text: 5 }, 'text is not a string (5)'],
  [{ tag: 5 }, 'tag is not a string (5)'],
  [{ tag: null }, 'tag is missing'],
  [{ ts: undefined }, 'ts is missing'],
  [{ ts: T + 0.5 }, `ts is not an integer of microseconds (${T + 0.5})`],
  [{ ts: T / 1000 }, `ts is not an integer of microseconds (${T / 1000})`],
  [{ ts: Math.floor(T / 1000) }, 'ts is not a time in microseconds between 1971 and 2200 (1795431234123)'],
  [
    { ts_other: LATEST_TS_US },
    `ts_other is not a time in microseconds between 1971 and 2200 (${LATEST_TS_US})`,
  ],
  [
    { ts_other: EARLIEST_TS_US - 1 },
    `ts_other is not a time in microseconds between 1971 and 2200 (31535999999999)`,
  ],
])('%o is refused with its reason', (part, reason) => {
  expect(refusalOf({ ts: T, tag: 'a', other: null, ...part })).toBe(reason);
});

test('a refused row leaves no byte behind, and the others their lines', () => {
  const rows = [
    { ts: T + 2, tag: 'c' },
    { ts: T, tag: 'a', real: Number.NaN },
    { ts: T + 1, tag: 'b' },
  ];
  const encoded = encodeRows(all, rows);
  expect(Buffer.from(encoded.body).toString()).toBe(
    `everything,tag=b ${T + 1}t\neverything,tag=c ${T + 2}t\n`,
  );
  expect(encoded.refused.map((row) => row.index)).toEqual([1]);
  expect([...encoded.indices]).toEqual([2, 0]);
  expect([encoded.lineOf(0), encoded.lineOf(1), encoded.lineOf(2)]).toEqual([2, null, 1]);
});

test('rows of equal time keep their order', () => {
  const rows = Array.from({ length: 500 }, (_, i) => ({ ts: T + ((i * 7) % 3), tag: String(i) }));
  const { indices } = encodeRows(all, rows);
  const expected = rows.map((row, i) => ({ ts: row.ts, i })).toSorted((a, b) => a.ts - b.ts || a.i - b.i);
  expect([...indices]).toEqual(expected.map((row) => row.i));
});

test('long texts and many rows outgrow any first buffer', () => {
  const encoder = new RowEncoder(all, { initialBytes: 1 });
  const texts = ['é'.repeat(100_000), '"'.repeat(1000), 'x'];
  for (const text of texts) expect(encoder.add({ ts: T, tag: 'a', text })).toBeNull();
  expect(parse(Buffer.from(encoder.body())).map((row) => row['text'])).toEqual(texts);
});

test('whatever the row, the line reads back as the row', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 80 });
  const row = fc.record(
    {
      ts: fc.integer({ min: EARLIEST_TS_US, max: LATEST_TS_US - 1 }),
      tag: anyText,
      other: fc.option(anyText),
      text: fc.option(fc.oneof(anyText, fc.string({ unit: 'grapheme', maxLength: 200 }))),
      real: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
      big: fc.option(
        fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })),
      ),
      small: fc.option(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 })),
      flag: fc.option(fc.boolean()),
      ts_other: fc.option(fc.integer({ min: EARLIEST_TS_US, max: LATEST_TS_US - 1 })),
    },
    { requiredKeys: ['ts', 'tag', 'other'] },
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
      const encoder = new RowEncoder(all, { initialBytes: 16 });
      for (const one of rows) expect(encoder.add(one)).toBeNull();
      expect(parse(Buffer.from(encoder.body()))).toEqual(rows.map(stored));
    }),
    { numRuns: 500 },
  );
});

test('rows that repeat the values of the row before are the same lines as each alone, bad ones between them left out', () => {
  const few = <V>(...values: V[]) => fc.constantFrom(...values);
  const row = fc.record({
    ts: few(T, T + 1),
    tag: few<unknown>('a', 'b', 5, null),
    other: few<unknown>('x', null, undefined),
    big: few<unknown>(0, -0, 0n, 7, 7n, 1.5, null),
    small: few<unknown>(1, 2 ** 40, undefined),
    real: few(0, -0, 1),
    ts_other: few<unknown>(T, 5, null),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
      const encoder = new RowEncoder(all, { initialBytes: 16 });
      const alone = rows.map((one) => encodeRows(all, [one]));
      expect(rows.map((one) => encoder.add(one))).toEqual(
        alone.map(({ refused }) => refused[0]?.reason ?? null),
      );
      expect(Buffer.from(encoder.body())).toEqual(Buffer.concat(alone.map(({ body }) => body)));
    }),
    { numRuns: 500 },
  );
});

/** What the database would hold for a row. */
function stored(row: Row): Row {
  const entries = Object.entries(row)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => {
      if (typeof value === 'string') return [name, value.toWellFormed().replaceAll('\0', '␀')];
      if (name === 'big') return [name, BigInt(value as number | bigint)];
      return [name, typeof value === 'number' ? value + 0 : value];
    });
  return Object.fromEntries(entries) as Row;
}

/** An independent reader of the lines, byte by byte, the way the server goes about it. */
function parse(bytes: Buffer): Row[] {
  const types = new Map(all.columns.map((column) => [column.name, column.type]));
  const rows: Row[] = [];
  let at = 0;
  const until = (stops: string): string => {
    const taken: number[] = [];
    while (!stops.includes(String.fromCharCode(bytes[at] ?? 0x0a))) {
      if (bytes[at] === 0x5c) at++;
      taken.push(bytes[at++] ?? 0);
    }
    return Buffer.from(taken).toString('utf8');
  };
  const skip = (): string => String.fromCharCode(bytes[at++] ?? 0);
  while (at < bytes.length) {
    const row: Record<string, unknown> = {};
    expect(until(', ')).toBe(all.name);
    while (skip() === ',') {
      const name = until('=');
      skip();
      row[name] = until(', ');
      expect(types.get(name)).toBe('symbol');
    }
    let stamp = '';
    for (;;) {
      const start = at;
      const name = until('=\n');
      if (skip() === '\n') {
        stamp = bytes.subarray(start, at - 1).toString();
        break;
      }
      const type = types.get(name);
      if (type === 'double') {
        expect(bytes.subarray(at, at + 2).toString('latin1')).toBe('=\u0010');
        row[name] = bytes.readDoubleLE(at + 2);
        at += 10;
      } else if (type === 'varchar') {
        skip();
        row[name] = until('"');
        skip();
      } else {
        const text = until(', ');
        if (type === 'boolean') row[name] = text === 't';
        else if (type === 'long') row[name] = BigInt(text.replace(/i$/, ''));
        else row[name] = Number(text.replace(type === 'int' ? /i$/ : /t$/, ''));
      }
      skip();
    }
    row['ts'] = Number(stamp.replace(/t$/, ''));
    rows.push(row);
  }
  return rows;
}
