// JSON with integers of any size. In: a value that may hold bigints, or text (tickets and magic numbers exceed what a double holds).
// Out: its text, with each bigint as a plain number; or the value, with an integer that a double cannot hold as a bigint.

interface RawJson {
  rawJSON(text: string): unknown;
}

/** JSON text of a value; bigints become plain numbers. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? (JSON as unknown as RawJson).rawJSON(item.toString()) : item,
  );
}

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
const INTEGER = /^-?\d+$/;

/** Throws SyntaxError. */
export function fromJson(text: string): unknown {
  return parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
  });
}
