// A file of real ticks of one symbol. In: text, oldest first, in one of these forms. Out: the rows in columns, with prices as integers of the
// finest point that the file uses, so that what is played is exactly what was read.
//
//   utc_ms,bid,ask                               a header, then milliseconds since 1970 (true UTC) and two prices
//   20200101 170000065,1.121200,1.121720,0       ticks in ASCII as HistData.com gives them: UTC−5 all year, and a volume that is always 0

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { FxtapeError } from '@fxtape/ops';

export interface TickFile {
  readonly rows: number;
  readonly digits: number;
  readonly utcMs: Float64Array;
  readonly bid: Int32Array;
  readonly ask: Int32Array;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

export const TICK_FORMATS =
  'CSV with the header utc_ms,bid,ask, or ticks in ASCII as HistData.com gives them, unpacked; rows in order of time';

interface Row {
  readonly utcMs: number;
  readonly bid: string;
  readonly ask: string;
}
interface Form {
  /** Lines before the first row. */
  readonly head: number;
  /** The row, or what is wrong with the line. */
  readonly row: (line: string) => Row | string;
}

const HEADER = 'utc_ms,bid,ask';
const HISTDATA = /^(\d{4})(\d\d)(\d\d) (\d\d)(\d\d)(\d\d)(\d{3}),([^,]*),([^,]*),[^,]*$/;
const HISTDATA_BEHIND_UTC_MS = 5 * 3_600_000;
const PRICE = /^(\d+)(?:\.(\d+))?$/;

const plain: Form = {
  head: 1,
  row: (line) => {
    const [utc = '', bid = '', ask = '', ...rest] = line.split(',');
    if (!/^\d{1,15}$/.test(utc)) return `"${utc}" is not a time in milliseconds`;
    if (rest.length > 0) return 'bid and ask are not two prices';
    return { utcMs: Number(utc), bid, ask };
  },
};
const histData: Form = {
  head: 0,
  row: (line) => {
    const [, year, month, day, hour, minute, second, ms, bid = '', ask = ''] = HISTDATA.exec(line) ?? [];
    const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
    const wall = Date.parse(text);
    // A date such as 31 February is read as one in March.
    if (Number.isNaN(wall) || new Date(wall).toISOString() !== text)
      return 'it does not begin with a time such as 20200101 170000065';
    return { utcMs: wall + HISTDATA_BEHIND_UTC_MS, bid, ask };
  },
};

/** Throws SIMULATOR_FILE_UNREADABLE, and SIMULATOR_FILE_INVALID naming the line. */
export function readTickFile(path: string): TickFile {
  const { lines, sha256 } = readLines(path);
  const form = formOf(path, lines[0] ?? '');
  const rows = lines.length - form.head;
  if (rows === 0) throw invalid(path, form.head + 1, 'there is no tick');
  const utcMs = new Float64Array(rows);
  const bids: string[] = [];
  const asks: string[] = [];
  let digits = 0;
  for (let i = 0; i < rows; i++) {
    const at = i + form.head;
    const row = readRow(form, path, lines[at] as string, at + 1);
    if (i > 0 && row.utcMs < (utcMs[i - 1] as number)) throw invalid(path, at + 1, 'the time runs backwards');
    digits = Math.max(digits, decimals(row.bid), decimals(row.ask));
    utcMs[i] = row.utcMs;
    bids.push(row.bid);
    asks.push(row.ask);
  }
  const inPoints = (prices: readonly string[]): Int32Array =>
    Int32Array.from(prices, (price, i) => {
      const value = points(price, digits);
      if (value > 0x7fffffff) throw invalid(path, i + form.head + 1, 'a price has too many digits');
      return value;
    });
  return { rows, digits, utcMs, bid: inPoints(bids), ask: inPoints(asks), sha256 };
}

function readLines(path: string): { lines: string[]; sha256: string } {
  try {
    const bytes = readFileSync(path);
    const lines = bytes.toString('utf8').split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return { lines, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    const missing = why === 'ENOENT';
    throw new FxtapeError({
      code: 'SIMULATOR_FILE_UNREADABLE',
      kind: 'terminal',
      message: missing
        ? `there is no file of ticks at ${path}`
        : `the file of ticks ${path} cannot be read (${why})`,
      hint: missing
        ? `Give the path of a file that is there: ${TICK_FORMATS}`
        : 'Give a plain file that may be read, of less than 500 MB',
      context: { path, why },
      cause,
    });
  }
}

function formOf(path: string, first: string): Form {
  if (first === HEADER) return plain;
  if (HISTDATA.test(first)) return histData;
  throw invalid(path, 1, `neither the header ${HEADER} nor a tick as HistData.com writes it`);
}

function readRow(form: Form, path: string, line: string, number: number): Row {
  const row = form.row(line);
  if (typeof row === 'string') throw invalid(path, number, row);
  if (!PRICE.test(row.bid) || !PRICE.test(row.ask))
    throw invalid(path, number, 'bid and ask are not two prices');
  return row;
}

const invalid = (path: string, line: number, what: string): FxtapeError =>
  new FxtapeError({
    code: 'SIMULATOR_FILE_INVALID',
    kind: 'terminal',
    message: `line ${line} of ${path}: ${what}`,
    hint: `Give ${TICK_FORMATS}`,
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
