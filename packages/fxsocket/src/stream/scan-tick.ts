// The short way of a tick frame: text → tick in one pass, without building the JSON tree twice. In: a frame's text. Out: exactly what
// `JSON.parse` and the schema of `wire/market.ts` would make of it, or null for every text that is not spelled the usual way (spaces,
// escapes, exponents, 16 digits, null, a key twice or unknown, anything broken): then the long way decides. It never guesses.
//
//   {"type":"tick","symbol":"S","data":{ "symbol" | "bid" | "ask" | "last" | "volume" | "time" in any order, each at most once }}

import type { WireTick } from '../wire/market.ts';

const START = '{"type":"tick","symbol":"';
const MIDDLE = ',"data":{';
const QUOTE = 34;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const COMMA = 44;
const BACKSLASH = 92;
const CLOSE = 125;
/** Up to this many digits an integer and its division by a power of ten are exact, so the double is the one that JSON means. */
const MOST_DIGITS = 15;
const POWERS = Array.from({ length: MOST_DIGITS + 1 }, (_, i) => 10 ** i);

let text = '';
let at = 0;

/** The end of a string that starts at `from`: the place of its quote, or −1 when it holds an escape or a control character. */
function stringEnd(from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH || code < 32) return -1;
  }
  return -1;
}

/** The number at `at`, which moves behind it; NaN when it is not spelled plainly. */
function number(): number {
  const negative = text.charCodeAt(at) === MINUS;
  if (negative) at++;
  const first = at;
  let value = 0;
  let code = text.charCodeAt(at);
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO);
    code = text.charCodeAt(++at);
  }
  let digits = at - first;
  if (digits === 0 || (digits > 1 && text.charCodeAt(first) === ZERO)) return Number.NaN;
  let decimals = 0;
  if (code === POINT) {
    const behind = ++at;
    code = text.charCodeAt(at);
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO);
      code = text.charCodeAt(++at);
    }
    decimals = at - behind;
    if (decimals === 0) return Number.NaN;
    digits += decimals;
  }
  if (digits > MOST_DIGITS || (code !== COMMA && code !== CLOSE)) return Number.NaN;
  const exact = decimals === 0 ? value : value / (POWERS[decimals] as number);
  return negative ? -exact : exact;
}

/** The short way, or null: the long way decides. */
export function scanTick(frame: string): { symbol: string; data: WireTick } | null {
  if (!frame.startsWith(START)) return null;
  text = frame;
  const symbolEnd = stringEnd(START.length);
  if (symbolEnd <= START.length || !frame.startsWith(MIDDLE, symbolEnd + 1)) return null;
  at = symbolEnd + 1 + MIDDLE.length;
  const data = members(symbolEnd);
  if (data === null || at !== frame.length - 1 || frame.charCodeAt(at) !== CLOSE) return null;
  return { symbol: frame.slice(START.length, symbolEnd), data };
}

/** The members of `data` from `at` to behind its brace. */
function members(symbolEnd: number): WireTick | null {
  let bid: number | undefined;
  let ask: number | undefined;
  let last: number | undefined;
  let volume: number | undefined;
  let time: string | undefined;
  let sameSymbol = false;
  for (;;) {
    if (text.startsWith('"bid":', at) && bid === undefined) {
      at += 6;
      bid = number();
      if (Number.isNaN(bid)) return null;
    } else if (text.startsWith('"ask":', at) && ask === undefined) {
      at += 6;
      ask = number();
      if (Number.isNaN(ask)) return null;
    } else if (text.startsWith('"time":"', at) && time === undefined) {
      const end = stringEnd(at + 8);
      if (end < 0) return null;
      time = text.slice(at + 8, end);
      at = end + 1;
    } else if (text.startsWith('"last":', at) && last === undefined) {
      at += 7;
      last = number();
      if (Number.isNaN(last)) return null;
    } else if (text.startsWith('"volume":', at) && volume === undefined) {
      at += 9;
      volume = number();
      if (Number.isNaN(volume)) return null;
    } else if (text.startsWith('"symbol":"', at) && !sameSymbol) {
      const end = stringEnd(at + 10);
      if (end < 0 || !isSymbol(at + 10, end, symbolEnd)) return null;
      sameSymbol = true;
      at = end + 1;
    } else return null;
    const next = text.charCodeAt(at++);
    if (next === CLOSE) break;
    if (next !== COMMA) return null;
  }
  if (bid === undefined || ask === undefined || time === undefined) return null;
  return { symbol: undefined, bid, ask, last, volume, time };
}

/** Whether [from, to) spells the symbol of the frame's head. */
function isSymbol(from: number, to: number, symbolEnd: number): boolean {
  if (to - from !== symbolEnd - START.length) return false;
  for (let i = 0; i < to - from; i++)
    if (text.charCodeAt(from + i) !== text.charCodeAt(START.length + i)) return false;
  return true;
}
