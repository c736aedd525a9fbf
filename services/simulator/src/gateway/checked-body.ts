// Checks the body of a request against its route's schema. In: the text. Out: the value, or the message of a 400. Unknown fields are allowed, as on
// the gateway.

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
  // Null means absent.
  const named = Object.entries(given).filter(([, value]) => value !== null);
  const checked = schema.safeParse(prepare(Object.fromEntries(named)));
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const where = issue?.path.join('.') ?? '';
  return `${where === '' ? '' : `${where}: `}${issue?.message ?? 'not valid'}`;
}
