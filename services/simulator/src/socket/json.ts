// JSON with integers of any size, because tickets and magic numbers may exceed 2^53. In: a value or a text. Out: the other one; a bigint is written as a
// plain number, and an integer that a double cannot hold is read as a bigint.

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
