// JSON with integers of any size. In: a value that may hold bigints (tickets and magic numbers exceed what a double holds).
// Out: its text, with each bigint as a plain number.

interface RawJson {
  rawJSON(text: string): unknown;
}

/** JSON text of a value; bigints become plain numbers. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? (JSON as unknown as RawJson).rawJSON(item.toString()) : item,
  );
}
