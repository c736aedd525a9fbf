import type { PgColumn, PgRow } from '@fxtape/questdb';
import { expect, test } from 'vitest';
import { asCsv, asJson, asTable, type Rows } from './render-rows.ts';

const columns: PgColumn[] = [
  { name: 'ts', kind: 'timestamp' },
  { name: 'n', kind: 'integer' },
  { name: 'bid', kind: 'number' },
  { name: 'text', kind: 'text' },
  { name: 'open', kind: 'boolean' },
];
async function* rows(...all: PgRow[]): Rows {
  yield { columns };
  for (const row of all) yield { row };
}
const some = () =>
  rows(
    ['2026-11-28T12:00:00.000001Z', '7', '1.105', 'a, "b"\nc', 't'],
    ['2026-11-28T12:00:01.000000Z', '9223372036854775807', 'NaN', '\u001b[2J', 'f'],
    [null, null, null, null, null],
  );
const all = async (pieces: AsyncIterable<string>) => {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
};

test('CSV: a header line, then rows, quoted where they must be', async () => {
  expect(await all(asCsv(some()))).toBe(
    'ts,n,bid,text,open\n2026-11-28T12:00:00.000001Z,7,1.105,"a, ""b""\nc",t\n2026-11-28T12:00:01.000000Z,9223372036854775807,NaN,\u001b[2J,f\n,,,,\n',
  );
});

test('JSON: numbers where JSON can hold them', async () => {
  expect(JSON.parse(await all(asJson(some())))).toEqual([
    { ts: '2026-11-28T12:00:00.000001Z', n: 7, bid: 1.105, text: 'a, "b"\nc', open: true },
    {
      ts: '2026-11-28T12:00:01.000000Z',
      n: '9223372036854775807',
      bid: 'NaN',
      text: '\u001b[2J',
      open: false,
    },
    { ts: null, n: null, bid: null, text: null, open: null },
  ]);
  expect(JSON.parse(await all(asJson(rows())))).toEqual([]);
});

test('a table shows what a terminal would act upon, and stops at a thousand rows', async () => {
  const { cut, lines } = await asTable(some());
  expect(cut).toBe(false);
  expect(lines[2]).toContain('\\u001b[2J');
  expect(lines).toHaveLength(4);
  let taken = 0;
  const many = async function* (): Rows {
    yield { columns: [{ name: 'n', kind: 'integer' }] };
    for (;;) yield { row: [String(taken++)] };
  };
  const cutOff = await asTable(many());
  expect(cutOff).toMatchObject({ cut: true });
  expect(cutOff.lines).toHaveLength(1001);
  expect(taken).toBe(1001);
});
