// The fast path for tick frames: bytes to tick in one pass. In: a frame as bytes and as text. Out: exactly what JSON.parse and the schema in
// wire/market.ts would produce, or null for a frame in any other spelling (spaces, escapes, non-ASCII, exponents, 16 digits, null, duplicate
// or unknown keys, malformed JSON), which codec.ts then decodes the slow way.
//
//   {"type":"tick","symbol":"S","data":{ "symbol" | "bid" | "ask" | "last" | "volume" | "time" in any order, each at most once }}
//
// It compares bytes in loops, because one string search costs as much as ten byte comparisons, and a frame would need ten searches.

import type { BrokerTime } from '../wire/broker-time.ts';
import type { WireTick } from '../wire/market.ts';

const spelled = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const START = spelled('{"type":"tick","symbol":"');
const MIDDLE = spelled('","data":{');
const BID = spelled('"bid":');
const ASK = spelled('"ask":');
const TIME = spelled('"time":"');
const LAST = spelled('"last":');
const VOLUME = spelled('"volume":');
const SYMBOL = spelled('"symbol":"');

const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COMMA = 44;
const BACKSLASH = 92;
const CLOSE = 125;
/** Up to this many digits, an integer divided by a power of ten is the same double that JSON.parse returns. */
const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i);

/** Known symbols by a hash of their bytes: one string object per symbol makes every later map look-up cheap. */
const KNOWN_SYMBOLS = 1024;
const knownSymbols = Array.from({ length: KNOWN_SYMBOLS }, () => '');

let bytes: Uint8Array = START;
let text = '';
let at = 0;

/** The tick, or null when the slow path must decide. `whole` is the text of `frame`. */
export function scanTick(
  frame: Uint8Array,
  whole: string,
): { type: 'tick'; symbol: string; data: WireTick } | null {
  bytes = frame;
  text = whole;
  at = 0;
  if (frame.length !== whole.length || !passes(START)) return null;
  const symbolStart = at;
  const symbolEnd = stringEnd();
  if (symbolEnd <= symbolStart) return null;
  at = symbolEnd;
  if (!passes(MIDDLE)) return null;
  const symbol = symbolText(symbolStart, symbolEnd);
  const data = members(symbolStart, symbolEnd);
  if (data === null || at !== frame.length - 1 || frame[at] !== CLOSE) return null;
  return { type: 'tick', symbol, data };
}

/** Reads the members of `data` from `at` to behind its brace; null for a duplicate or unknown key. */
function members(symbolStart: number, symbolEnd: number): WireTick | null {
  let bid: number | undefined;
  let ask: number | undefined;
  let last: number | undefined;
  let volume: number | undefined;
  let time: BrokerTime | undefined;
  let sameSymbol = false;
  for (;;) {
    switch (bytes[at + 1]) {
      case BID[1]:
        if (bid !== undefined || !passes(BID)) return null;
        bid = number();
        if (Number.isNaN(bid)) return null;
        break;
      case ASK[1]:
        if (ask !== undefined || !passes(ASK)) return null;
        ask = number();
        if (Number.isNaN(ask)) return null;
        break;
      case TIME[1]: {
        if (time !== undefined || !passes(TIME)) return null;
        const end = stringEnd();
        if (end < 0) return null;
        time = text.slice(at, end) as BrokerTime;
        at = end + 1;
        break;
      }
      case LAST[1]:
        if (last !== undefined || !passes(LAST)) return null;
        last = number();
        if (Number.isNaN(last)) return null;
        break;
      case VOLUME[1]:
        if (volume !== undefined || !passes(VOLUME)) return null;
        volume = number();
        if (Number.isNaN(volume)) return null;
        break;
      case SYMBOL[1]:
        if (sameSymbol || !passes(SYMBOL) || !repeats(symbolStart, symbolEnd)) return null;
        sameSymbol = true;
        break;
      default:
        return null;
    }
    const next = bytes[at++];
    if (next === CLOSE) break;
    if (next !== COMMA) return null;
  }
  if (bid === undefined || ask === undefined || time === undefined) return null;
  return { symbol: undefined, bid, ask, last, volume, time };
}

/** True when `word` is at `at`, which then moves behind it. */
function passes(word: Uint8Array): boolean {
  const frame = bytes;
  const from = at;
  for (let i = 0; i < word.length; i++) if (frame[from + i] !== word[i]) return false;
  at = from + word.length;
  return true;
}

/** True when the bytes [from, to) and a quote are at `at`, which then moves behind them. */
function repeats(from: number, to: number): boolean {
  const frame = bytes;
  const distance = at - from;
  for (let i = from; i < to; i++) if (frame[i + distance] !== frame[i]) return false;
  at = to + distance + 1;
  return frame[at - 1] === QUOTE;
}

/** The position of the quote that ends the string at `at`, or −1 when the string has an escape, a control character or non-ASCII. */
function stringEnd(): number {
  const frame = bytes;
  for (let i = at; i < frame.length; i++) {
    const code = frame[i] as number;
    if (code === QUOTE) return i;
    if (code === BACKSLASH || code < 32 || code > 127) return -1;
  }
  return -1;
}

/** The symbol between `from` and `end`, as the string object that is already known. */
function symbolText(from: number, end: number): string {
  const frame = bytes;
  let hash = end;
  for (let i = from; i < end; i++) hash = (Math.imul(hash, 31) + (frame[i] as number)) | 0;
  const slot = hash & (KNOWN_SYMBOLS - 1);
  const known = knownSymbols[slot] as string;
  if (known.length === end - from && text.startsWith(known, from)) return known;
  // A copy, because a slice may keep the whole frame in memory.
  const symbol = Buffer.from(text.slice(from, end), 'latin1').toString('latin1');
  knownSymbols[slot] = symbol;
  return symbol;
}

/** The number at `at`, which moves behind it; NaN when its spelling is not plain. */
function number(): number {
  const frame = bytes;
  const first = frame[at] === MINUS ? at + 1 : at;
  let i = first;
  let value = 0;
  let code = frame[i] as number;
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO);
    code = frame[++i] as number;
  }
  let digits = i - first;
  if (digits === 0 || (digits > 1 && frame[first] === ZERO)) return Number.NaN;
  let decimals = 0;
  if (code === POINT) {
    const behind = ++i;
    code = frame[i] as number;
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO);
      code = frame[++i] as number;
    }
    decimals = i - behind;
    if (decimals === 0) return Number.NaN;
    digits += decimals;
  }
  if (digits > MOST_DIGITS || (code !== COMMA && code !== CLOSE)) return Number.NaN;
  const exact = decimals === 0 ? value : value / (POWERS[decimals] as number);
  const negative = first !== at;
  at = i;
  return negative ? -exact : exact;
}
