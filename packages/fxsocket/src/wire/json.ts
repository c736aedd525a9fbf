// Reads and writes JSON without rounding identifiers: tickets, deals and magic numbers may exceed 2^53, where JSON.parse silently changes
// digits. In: a text or a value. Out: the other one; identifiers become bigint where needed, and a bigint is written as its digits.

const LONG_DIGITS = /\d{16,}/;
const INTEGER = /^-?\d+$/;
/** Twice what 64 bits need. BigInt() takes quadratic time: millions of digits would stop the process for seconds. */
const MOST_DIGITS = 40;

/** The identifier fields of all routes and frames; only these become bigint. */
const IDENTIFIERS = new Set(['ticket', 'deal', 'order', 'position', 'positionId', 'magic']);

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

function keepDigits(this: unknown, key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !IDENTIFIERS.has(key)) return value;
  const { source } = context;
  if (source === undefined || source.length > MOST_DIGITS) return value;
  return INTEGER.test(source) ? BigInt(source) : value;
}

/** True when the text may contain an integer that a double cannot hold. */
export function mayHoldLongInteger(text: string): boolean {
  return LONG_DIGITS.test(text);
}

/** Parses JSON like JSON.parse, except that identifiers of 2^53 or more become bigint. @throws SyntaxError */
export function parseJson(text: string): unknown {
  return mayHoldLongInteger(text) ? parse(text, keepDigits) : JSON.parse(text);
}

const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;

/** Writes JSON like JSON.stringify; a bigint becomes a number with all its digits. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? rawJson(`${each}`) : each,
  );
}
