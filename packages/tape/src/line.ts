// One line of the tape: what goes in (Entry), what comes out (Line), and its text. The text is built in one place, so that a
// line handed over in memory and the same line read back from a file are equal in every field but `message`.
import { crc32 } from 'node:zlib';
import { entryInvalid } from './errors.ts';

/** `json`: the frame stands on the tape as received. `text`: as a JSON string. `base64`: the caller encoded a binary frame. */
export type FrameKind = 'json' | 'text' | 'base64';

/** Exactly one of `frame` and `event` is set. */
export interface Entry {
  /** Number of the connection, an integer ≥ 0. */
  readonly conn: number;
  /** When it was received, UTC µs, an integer. The line's ts_recv is this or the last one + 1, whichever is later. */
  readonly recvUs: number;
  readonly mark?: string | null;
  /** The frame as received; base64 of it when `binary`. */
  readonly frame?: string;
  /** False when the frame is not JSON. Default true. JSON that does not fit on one line is kept as text by itself. */
  readonly json?: boolean;
  readonly binary?: boolean;
  /** Name of the event. */
  readonly event?: string;
  /** Anything JSON can hold. */
  readonly data?: unknown;
  /** The parsed frame. Not stored: followers in memory get it, so that nobody parses twice. */
  readonly message?: unknown;
}

export interface Line {
  /** UTC µs, unique and increasing on this tape. */
  readonly tsRecv: number;
  readonly conn: number;
  readonly mark: string | null;
  readonly event: string | null;
  /** The event's data; null for a frame. */
  readonly data: unknown;
  /** The frame exactly as received (base64 of it for `base64`); null for an event. */
  readonly frame: string | null;
  readonly frameKind: FrameKind | null;
  /** Only when the line is handed over in memory. */
  readonly message: unknown;
}

/** Bytes after the part that the crc covers: `,"crc":"1a2b3c4d"}`. */
export const CRC_TAIL_BYTES = 18;

/** 2200-01-01 in µs: a later time is a broken clock, and one such line would push every later ts_recv out there. */
const MAX_TS_US = 7_258_118_400_000_000;

/** ts_recv of an entry that follows a line with `lastUs`. Throws TAPE_ENTRY_INVALID. */
export function stamp(entry: Entry, lastUs: number): number {
  if (!Number.isSafeInteger(entry.recvUs) || entry.recvUs < 0 || entry.recvUs >= MAX_TS_US) {
    throw entryInvalid('recvUs is not a time in microseconds', { recvUs: String(entry.recvUs) });
  }
  return entry.recvUs > lastUs ? entry.recvUs : lastUs + 1;
}

/** How the frame of an entry is stored. */
export function frameKindOf(entry: Entry): FrameKind {
  if (entry.binary === true) return 'base64';
  const frame = entry.frame;
  if (entry.json === false || frame === undefined || frame === '') return 'text';
  return frame.includes('\n') || !frame.isWellFormed() ? 'text' : 'json';
}

/** The line's text before `,"crc":"`. Throws TAPE_ENTRY_INVALID. */
export function lineBody(tsRecv: number, entry: Entry, kind: FrameKind | null, data: string | null): string {
  if (!Number.isSafeInteger(entry.conn) || entry.conn < 0) {
    throw entryInvalid('conn is not an integer from 0', { conn: String(entry.conn) });
  }
  const mark = entry.mark === undefined || entry.mark === null ? '' : `,"mark":${quote(entry.mark)}`;
  const start = `{"ts_recv":${spellMicros(tsRecv)},"conn":${entry.conn}${mark}`;
  if (kind === null) return `${start},"event":${quote(entry.event ?? '')},"data":${data ?? 'null'}`;
  if (kind === 'json') return `${start},"frame":${entry.frame}`;
  return `${start},"${kind}":${JSON.stringify(entry.frame ?? '')}`;
}

/** The whole line with its crc, without '\n': exactly what stands on the tape. For people's tools, not for the writer. */
export function lineText(line: Line): string {
  const entry: Entry = {
    conn: line.conn,
    recvUs: line.tsRecv,
    mark: line.mark,
    ...(line.frame === null ? { event: line.event ?? '' } : { frame: line.frame }),
  };
  const data = line.frame === null ? (JSON.stringify(line.data) ?? 'null') : null;
  const body = lineBody(line.tsRecv, entry, line.frameKind, data);
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, '0')}"}`;
}

const FOUR_DIGITS = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(4, '0'));
let spelledHigh = -1;
let spelledHighText = '';

/** A time in decimal. Spelled in pieces: lines of one moment share all but the last ones, and the whole costs ten times as much. */
function spellMicros(us: number): string {
  const high = Math.floor(us / 100_000_000);
  // So small that its last pieces would need no zeros in front.
  if (high === 0) return String(us);
  if (high !== spelledHigh) {
    spelledHigh = high;
    spelledHighText = String(high);
  }
  const low = us - high * 100_000_000;
  const middle = Math.trunc(low / 10_000);
  return `${spelledHighText}${FOUR_DIGITS[middle]}${FOUR_DIGITS[low - middle * 10_000]}`;
}

const quoted = new Map<string, string>();

// Marks and event names are few words used millions of times.
function quote(word: string): string {
  let text = quoted.get(word);
  if (text === undefined) {
    text = JSON.stringify(word);
    if (quoted.size < 256) quoted.set(word, text);
  }
  return text;
}
