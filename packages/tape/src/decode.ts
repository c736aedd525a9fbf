// Bytes → line. In: a buffer and where a line stands in it, without its '\n'. Out: the line, or why it cannot be trusted. A line with
// the keys in our order is taken apart by position, its frame is not parsed; any other order goes through JSON.parse.
import { crc32 } from 'node:zlib';
import type { DamageReason } from './damage.ts';
import { CRC_TAIL_BYTES, type FrameKind, type Line } from './line.ts';

const START = Buffer.from('{"ts_recv":');
const CONN = Buffer.from(',"conn":');
const MARK = Buffer.from(',"mark":"');
const FRAME = Buffer.from(',"frame":');
const TEXT = Buffer.from(',"text":');
const BASE64 = Buffer.from(',"base64":');
const EVENT = Buffer.from(',"event":"');
const DATA = Buffer.from(',"data":');
const CRC = Buffer.from(',"crc":"');
const QUOTE = 34;
const BACKSLASH = 92;
const BRACE = 125;

/** Where a line may start, for the search after damage. */
export const LINE_START = START;

/** Whether the bytes [start, end) are a whole line with a fitting crc. */
export function crcFits(buffer: Buffer, start: number, end: number): boolean {
  const bodyEnd = end - CRC_TAIL_BYTES;
  if (bodyEnd <= start || buffer[end - 1] !== BRACE || buffer[end - 2] !== QUOTE) return false;
  if (!has(buffer, bodyEnd, end, CRC)) return false;
  let crc = 0;
  for (let at = end - 10; at < end - 2; at++) {
    const digit = hexDigit(buffer[at] as number);
    if (digit < 0) return false;
    crc = crc * 16 + digit;
  }
  return crc32(buffer.subarray(start, bodyEnd)) === crc;
}

/** The line in [start, end), or the reason why there is none. */
export function decodeLine(buffer: Buffer, start: number, end: number): Line | DamageReason {
  if (!crcFits(buffer, start, end)) return 'crc';
  return byPosition(buffer, start, end - CRC_TAIL_BYTES) ?? byParsing(buffer, start, end);
}

function byPosition(buffer: Buffer, start: number, end: number): Line | null {
  if (!has(buffer, start, end, START)) return null;
  let at = digitsEnd(buffer, start + START.length);
  const tsRecv = integer(buffer, start + START.length, at);
  if (!has(buffer, at, end, CONN)) return null;
  const connAt = at + CONN.length;
  at = digitsEnd(buffer, connAt);
  const conn = integer(buffer, connAt, at);
  if (tsRecv === null || conn === null) return null;
  let mark: string | null = null;
  if (has(buffer, at, end, MARK)) {
    const close = stringEnd(buffer, at + MARK.length, end);
    mark = word(buffer, at + MARK.length, close);
    if (mark === null) return null;
    at = close + 1;
  }
  if (has(buffer, at, end, FRAME)) {
    const frame = buffer.toString('utf8', at + FRAME.length, end);
    return { tsRecv, conn, mark, event: null, data: null, frame, frameKind: 'json', message: undefined };
  }
  if (has(buffer, at, end, EVENT)) {
    const close = stringEnd(buffer, at + EVENT.length, end);
    const event = word(buffer, at + EVENT.length, close);
    if (event === null || !has(buffer, close + 1, end, DATA)) return null;
    const data = parse(buffer.toString('utf8', close + 1 + DATA.length, end));
    if (data === undefined) return null;
    return { tsRecv, conn, mark, event, data, frame: null, frameKind: null, message: undefined };
  }
  const frameKind: FrameKind = has(buffer, at, end, TEXT) ? 'text' : 'base64';
  const key = frameKind === 'text' ? TEXT : BASE64;
  if (!has(buffer, at, end, key)) return null;
  const frame = parse(buffer.toString('utf8', at + key.length, end));
  if (typeof frame !== 'string') return null;
  return { tsRecv, conn, mark, event: null, data: null, frame, frameKind, message: undefined };
}

function byParsing(buffer: Buffer, start: number, end: number): Line | DamageReason {
  const value = parse(buffer.toString('utf8', start, end));
  if (typeof value !== 'object' || value === null) return 'not_json';
  const o = value as Record<string, unknown>;
  if (!isCount(o['ts_recv']) || !isCount(o['conn'])) return 'not_json';
  const base = {
    tsRecv: o['ts_recv'],
    conn: o['conn'],
    mark: typeof o['mark'] === 'string' ? o['mark'] : null,
    message: undefined,
  };
  if (typeof o['event'] === 'string') {
    return { ...base, event: o['event'], data: o['data'] ?? null, frame: null, frameKind: null };
  }
  const frame = { ...base, event: null, data: null };
  if (o['frame'] !== undefined) return { ...frame, frame: JSON.stringify(o['frame']), frameKind: 'json' };
  if (typeof o['text'] === 'string') return { ...frame, frame: o['text'], frameKind: 'text' };
  if (typeof o['base64'] === 'string') return { ...frame, frame: o['base64'], frameKind: 'base64' };
  return 'not_json';
}

/** undefined when the text is no JSON: JSON itself has no such value. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function has(buffer: Buffer, at: number, end: number, word: Buffer): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if (buffer[at + i] !== word[i]) return false;
  return true;
}

/** The closing quote of a string that starts before `from`; -1 when it does not end. */
function stringEnd(buffer: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (buffer[at] === QUOTE) return at;
    if (buffer[at] === BACKSLASH) at++;
  }
  return -1;
}

/** The string between the quotes; null when it is none. */
function word(buffer: Buffer, from: number, close: number): string | null {
  if (close < 0) return null;
  const raw = buffer.toString('utf8', from, close);
  if (!raw.includes('\\')) return raw;
  const value = parse(`"${raw}"`);
  return typeof value === 'string' ? value : null;
}

function digitsEnd(buffer: Buffer, from: number): number {
  let at = from;
  while (isDigit(buffer[at])) at++;
  return at;
}

function integer(buffer: Buffer, from: number, to: number): number | null {
  if (to === from || to - from > 16) return null;
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + ((buffer[at] as number) - 48);
  return Number.isSafeInteger(value) ? value : null;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  return byte >= 97 && byte <= 102 ? byte - 87 : -1;
}
