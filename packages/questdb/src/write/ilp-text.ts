// Strings and integers as bytes of the line protocol. In: a value, a buffer and a position. Out: the position after it. QuestDB 9.3.4 reads
// these escapes back unchanged (tested). U+0000 becomes U+2400 (␀), because the server refuses it in a symbol and emits invalid JSON for it
// in a varchar; half a surrogate pair becomes U+FFFD, as UTF-8 has no form for it.

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const NEEDS_CARE_IN_SYMBOL = /[\0\n\r ,=\\]/;
const NEEDS_CARE_IN_TEXT = /[\0\n\r"\\]/;

/** A symbol's value between `=` and the next `,` or space. */
export function symbolBytes(value: string): Buffer {
  const escaped = NEEDS_CARE_IN_SYMBOL.test(value)
    ? value.replaceAll(/[\n\r ,=\\]/g, '\\$&').replaceAll('\0', '\u2400')
    : value;
  return Buffer.from(escaped, 'utf8');
}

/** Most bytes that `writeText` may need for a string. */
export function textRoom(value: string): number {
  return value.length * 3 + 2;
}

/** Writes `"value"` with escapes. The caller has made `textRoom` bytes of room. */
export function writeText(out: Buffer, at: number, value: string): number {
  let pos = at;
  out[pos++] = QUOTE;
  const length = value.length;
  if (length <= 64) {
    let i = 0;
    for (; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7e || code === 0) break;
      if (code === QUOTE || code === BACKSLASH || code === 0x0a || code === 0x0d) out[pos++] = BACKSLASH;
      out[pos++] = code;
    }
    if (i === length) {
      out[pos++] = QUOTE;
      return pos;
    }
    pos = at + 1;
  }
  const escaped = NEEDS_CARE_IN_TEXT.test(value)
    ? value.replaceAll(/[\n\r"\\]/g, '\\$&').replaceAll('\0', '\u2400')
    : value;
  pos += out.write(escaped, pos, 'utf8');
  out[pos++] = QUOTE;
  return pos;
}

const ZERO = 0x30;
const TENS = new Uint8Array(100).map((_, i) => ZERO + Math.floor(i / 10));
const ONES = new Uint8Array(100).map((_, i) => ZERO + (i % 10));
const EIGHT_DIGITS = 100_000_000;

/** Writes a safe integer in decimal, at most 17 bytes. */
export function writeInteger(out: Uint8Array, at: number, value: number): number {
  let pos = at;
  let rest = value;
  if (rest < 0) {
    out[pos++] = 0x2d;
    rest = -rest;
  }
  if (rest < EIGHT_DIGITS) return writeShort(out, pos, rest);
  const high = Math.floor(rest / EIGHT_DIGITS);
  pos = high < EIGHT_DIGITS ? writeShort(out, pos, high) : writeInteger(out, pos, high);
  return writeEight(out, pos, rest - high * EIGHT_DIGITS);
}

/** 0 … 99,999,999 without leading zeros. */
function writeShort(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  let rest = value;
  for (let pos = at + digits - 1; pos >= at; pos--) {
    const next = (rest / 10) | 0;
    out[pos] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** Exactly eight digits, zeros in front. */
function writeEight(out: Uint8Array, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  const low = value - high * 10_000;
  writePair(out, at, (high / 100) | 0);
  writePair(out, at + 2, high % 100);
  writePair(out, at + 4, (low / 100) | 0);
  writePair(out, at + 6, low % 100);
  return at + 8;
}

function writePair(out: Uint8Array, at: number, value: number): void {
  out[at] = TENS[value] ?? ZERO;
  out[at + 1] = ONES[value] ?? ZERO;
}
