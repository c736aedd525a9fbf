// Reads a file of real ticks of one symbol. In: text in one of these formats. Out: the rows in columns, in order of time, with prices as integers of the
// finest point in the file, so that they are played exactly as read; and how many rows had to be sorted.
//
//   utc_ms,bid,ask                               a header, then milliseconds since 1970 (true UTC) and two prices
//   20200101 170000065,1.121200,1.121720,0       ticks in ASCII as HistData.com gives them: UTC−5 all year, and a volume that is always 0

import { FxtapeError } from '@fxtape/ops';
import { readTickLines } from './tick-lines.ts';
import { explainStep, inOrder, type Ordered } from './tick-order.ts';

export interface TickFile {
  readonly rows: number;
  readonly digits: number;
  readonly utcMs: Float64Array;
  readonly bid: Int32Array;
  readonly ask: Int32Array;
  /** Rows that were slightly out of order. */
  readonly late: Ordered['late'];
  /** Digest of the whole file, in hexadecimal. */
  readonly sha256: string;
}

export const TICK_FORMATS =
  'CSV with the header utc_ms,bid,ask, or HistData.com ASCII ticks; not compressed, rows in time order';

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
const PRICE = /^-?\d+(?:\.\d+)?$/;
/** Times outside this range are taken for another unit. */
const EARLIEST_MS = Date.UTC(1985, 0);
const LATEST_MS = Date.UTC(2100, 0);

const plain: Form = {
  head: 1,
  row: (line) => {
    const [utc = '', bid = '', ask = '', ...rest] = line.split(',').map((cell) => cell.trim());
    if (!/^\d{1,19}$/.test(utc)) return `"${utc}" is not a time in milliseconds`;
    const utcMs = Number(utc);
    if (utcMs < EARLIEST_MS || utcMs >= LATEST_MS)
      return `"${utc}" is not a time in milliseconds${unitOf(utcMs)}`;
    if (rest.length > 0) return 'bid and ask are not two prices';
    return { utcMs, bid, ask };
  },
};

/** The unit in which a number would be a plausible time. */
function unitOf(value: number): string {
  const units = [
    ['seconds', 1000],
    ['microseconds', 1e-3],
    ['nanoseconds', 1e-6],
  ] as const;
  const found = units.find(([, ms]) => value * ms >= EARLIEST_MS && value * ms < LATEST_MS);
  if (found === undefined) return '';
  const [unit, ms] = found;
  return `: in ${unit} it would be ${new Date(value * ms).toISOString().slice(0, 19)}Z`;
}

const histData: Form = {
  head: 0,
  row: (line) => {
    const [, year, month, day, hour, minute, second, ms, bid = '', ask = ''] = HISTDATA.exec(line) ?? [];
    const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`;
    const wall = Date.parse(text);
    // Date.UTC would read 31 February as a day in March.
    if (Number.isNaN(wall) || new Date(wall).toISOString() !== text)
      return 'it does not begin with a time such as 20200101 170000065';
    return { utcMs: wall + HISTDATA_BEHIND_UTC_MS, bid, ask };
  },
};

/** Throws SIMULATOR_FILE_UNREADABLE, and SIMULATOR_FILE_INVALID naming the line. */
export function readTickFile(path: string): TickFile {
  const { lines, numberOf, sha256 } = readTickLines(path, TICK_FORMATS);
  const form = formOf(path, lines[0] ?? '', lines.length === 0 ? 1 : numberOf(0));
  const rows = lines.length - form.head;
  if (rows === 0) throw invalid(path, form.head + 1, 'there is no tick');
  const lineOf = (row: number): number => numberOf(row + form.head);
  const times = new Float64Array(rows);
  const bids: string[] = [];
  const asks: string[] = [];
  let digits = 0;
  for (let i = 0; i < rows; i++) {
    const row = readRow(form, lines[i + form.head] as string);
    if (typeof row === 'string') throw invalid(path, lineOf(i), row);
    digits = Math.max(digits, decimals(row.bid), decimals(row.ask));
    times[i] = row.utcMs;
    bids.push(row.bid);
    asks.push(row.ask);
  }
  const ordered = inOrder(times);
  if (!('order' in ordered)) {
    const line = lineOf(ordered.row);
    const hint = `Sort the rows by time, or split the file before line ${line} and play both parts separately`;
    throw invalid(path, line, explainStep(ordered), hint);
  }
  const { late, order } = ordered;
  const inPoints = (prices: readonly string[]): Int32Array =>
    Int32Array.from(order, (row) => {
      const value = points(prices[row] as string, digits);
      if (Math.abs(value) > 0x7fffffff) throw invalid(path, lineOf(row), 'a price has too many digits');
      return value;
    });
  const utcMs = Float64Array.from(order, (row) => times[row] as number);
  return { rows, digits, utcMs, bid: inPoints(bids), ask: inPoints(asks), late, sha256 };
}

function formOf(path: string, first: string, line: number): Form {
  const text = first.trim();
  if (text === HEADER) return plain;
  if (HISTDATA.test(text)) return histData;
  const separator = [';', '\t'].find((one) => text.split(one).length === 3);
  throw invalid(
    path,
    line,
    separator === undefined
      ? `neither the header ${HEADER} nor a HistData.com tick`
      : `its columns are separated by ${separator === ';' ? 'semicolons' : 'tabs'}, not by commas`,
  );
}

/** The row, or what is wrong with the line. */
function readRow(form: Form, line: string): Row | string {
  const row = form.row(line.trim());
  if (typeof row === 'string') return row;
  return PRICE.test(row.bid) && PRICE.test(row.ask) ? row : 'bid and ask are not two prices';
}

const invalid = (path: string, line: number, what: string, hint = `Give ${TICK_FORMATS}`): FxtapeError =>
  new FxtapeError({
    code: 'SIMULATOR_FILE_INVALID',
    message: `line ${line} of ${path}: ${what}`,
    hint,
    context: { path, line },
  });

/** Significant digits after the decimal point. */
const decimals = (price: string): number => {
  const dot = price.indexOf('.');
  return dot === -1 ? 0 : price.slice(dot + 1).replace(/0+$/, '').length;
};

const points = (price: string, digits: number): number => {
  const [whole = '0', fraction = ''] = price.split('.');
  const value = Number(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  // Avoids −0.
  return value === 0 ? 0 : value;
};
