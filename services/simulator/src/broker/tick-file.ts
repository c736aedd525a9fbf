// A file of real ticks of one symbol. In: CSV with the header `utc_ms,bid,ask`, oldest first. Out: the rows in columns, with
// prices as integers of the finest point that the file uses, so that what is played is exactly what was read.

import { readFileSync } from 'node:fs';
import { FxtapeError } from '@fxtape/ops';

export interface TickFile {
  readonly rows: number;
  readonly digits: number;
  readonly utcMs: Float64Array;
  readonly bid: Int32Array;
  readonly ask: Int32Array;
}

const PRICE = /^(\d+)(?:\.(\d+))?$/;

const invalid = (path: string, line: number, what: string): FxtapeError =>
  new FxtapeError({
    code: 'SIMULATOR_FILE_INVALID',
    kind: 'terminal',
    message: `line ${line} of ${path}: ${what}`,
    hint: 'Give a CSV file with the header utc_ms,bid,ask and rows in order of time',
    context: { path, line },
  });

/** Digits after the point that say something. */
const decimals = (price: string): number => {
  const dot = price.indexOf('.');
  return dot === -1 ? 0 : price.slice(dot + 1).replace(/0+$/, '').length;
};

const points = (price: string, digits: number): number => {
  const [whole = '0', fraction = ''] = price.split('.');
  return Number(whole + fraction.slice(0, digits).padEnd(digits, '0'));
};

/** Throws SIMULATOR_FILE_INVALID naming the line. */
export function readTickFile(path: string): TickFile {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== 'utc_ms,bid,ask') throw invalid(path, 1, 'the header is not utc_ms,bid,ask');
  const rows = lines.length - 1;
  if (rows === 0) throw invalid(path, 2, 'there is no tick');
  const cells = lines.slice(1).map((line, i) => {
    const [utc = '', bid = '', ask = '', ...rest] = line.split(',');
    if (!/^\d{1,15}$/.test(utc)) throw invalid(path, i + 2, `"${utc}" is not a time in milliseconds`);
    if (!PRICE.test(bid) || !PRICE.test(ask) || rest.length > 0)
      throw invalid(path, i + 2, 'bid and ask are not two prices');
    return { utc: Number(utc), bid, ask };
  });
  const digits = cells.reduce((most, cell) => Math.max(most, decimals(cell.bid), decimals(cell.ask)), 0);
  const file = {
    rows,
    digits,
    utcMs: new Float64Array(rows),
    bid: new Int32Array(rows),
    ask: new Int32Array(rows),
  };
  for (const [i, cell] of cells.entries()) {
    if (i > 0 && cell.utc < (file.utcMs[i - 1] as number))
      throw invalid(path, i + 2, 'the time runs backwards');
    const bid = points(cell.bid, digits);
    const ask = points(cell.ask, digits);
    if (bid > 0x7fffffff || ask > 0x7fffffff) throw invalid(path, i + 2, 'a price has too many digits');
    file.utcMs[i] = cell.utc;
    file.bid[i] = bid;
    file.ask[i] = ask;
  }
  return file;
}
