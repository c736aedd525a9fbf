// The body of a request against the schema of its route. In: the text as it came. Out: the value, or the sentence of a 400. Fields that
// nobody listed are let through, as the gateway does.

import type { z } from 'zod';
import { fromJson } from '../socket/json.ts';

/** `prepare` may change the object before it is checked. */
export function checkedBody<T extends object>(
  schema: z.ZodType<T>,
  text: string,
  prepare: (given: Record<string, unknown>) => Record<string, unknown> = (given) => given,
): T | string {
  let given: unknown;
  try {
    given = fromJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return `the body is not JSON: ${error.message}`;
    throw error;
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return 'the body is not a JSON object';
  // A field that is null is one that was left out.
  const named = Object.entries(given).filter(([, value]) => value !== null);
  const checked = schema.safeParse(prepare(Object.fromEntries(named)));
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const where = issue?.path.join('.') ?? '';
  return `${where === '' ? '' : `${where}: `}${issue?.message ?? 'not valid'}`;
}
