// JSON text ⇄ value, without rounding identifiers. Tickets, deals and magic numbers may exceed 2^53, where a plain
// JSON.parse would silently change digits. Reading: identifiers become bigint where needed. Writing: a bigint is written as its digits.

const LONG_DIGITS = /\d{16,}/;
const INTEGER = /^-?\d+$/;
/** Twice what 64 bits need. Reading digits takes time with the square of their number: millions of them would stop the process for seconds. */
const MOST_DIGITS = 40;

/** Fields that hold identifiers, on every route and frame; only these can become bigint. */
const IDENTIFIERS = new Set(['ticket', 'deal', 'order', 'position', 'positionId', 'magic']);

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

function keepDigits(this: unknown, key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !IDENTIFIERS.has(key)) return value;
  const { source } = context;
  if (source === undefined || source.length > MOST_DIGITS) return value;
  return INTEGER.test(source) ? BigInt(source) : value;
}

/** True when the text may hold an integer that a double cannot. */
export function mayHoldLongInteger(text: string): boolean {
  return LONG_DIGITS.test(text);
}

/** Parses JSON; identifiers beyond 2^53 become bigint, everything else is as JSON.parse gives it. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  return mayHoldLongInteger(text) ? parse(text, keepDigits) : JSON.parse(text);
}

const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;

/** JSON text; a bigint becomes a number with all its digits. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? rawJson(`${each}`) : each,
  );
}
