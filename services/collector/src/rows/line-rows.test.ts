// What a line gives that can be no row: as much of its text as a table takes, whoever sets it aside.
import { noRows, type WireMessage } from '@fxtape/market';
import type { Line } from '@fxtape/tape';
import { expect, test } from 'vitest';
import { LineRows } from './line-rows.ts';

test('a text of megabytes is cut to one, of a stretch that is set aside and of a row that was condemned', () => {
  const huge = 'x'.repeat(3_000_000);
  const line: Line = {
    tsRecv: 1,
    conn: 1,
    mark: null,
    event: null,
    data: null,
    frame: huge,
    frameKind: 'text',
    message: undefined,
  };
  const message: WireMessage = { type: 'unknown', wireType: 'news' };
  const rows = noRows();
  const lineRows = new LineRows({ account: 'demo', replayed: false });
  lineRows.setAside(line, message, 'the clock', rows);
  lineRows.condemned({ ...line, data: { table: 'ticks', reason: 'no', raw: huge } }, rows);
  expect(rows.rejected.map(({ kind, raw }) => [kind, raw.length])).toEqual([
    ['unknown', 1_048_576],
    ['row of ticks', 1_048_576],
  ]);
});
