// Reads a record that may have unreadable fields. In: a parsed value and its schema. Out: the record, or why it is not one. Required fields and
// those marked `essential` must be readable; any other unreadable field becomes null, unreadable elements of a list are left out, and the
// original values are kept in `unreadable`.

import type { z } from 'zod';

/** A field whose value does not fit the schema. */
export interface UnreadableField {
  readonly field: string;
  /** The original value, parsed. */
  readonly value: unknown;
  readonly why: string;
}

/** A record and its unreadable fields, which are null in it. */
export type Readable<T> = T & { readonly unreadable?: readonly UnreadableField[] | undefined };

const essentials = new WeakSet<z.ZodType>();

/** Marks a field that may be absent or null, but makes the whole record invalid when its value does not fit. */
export function essential<S extends z.ZodType>(field: S): S {
  essentials.add(field);
  return field;
}

export type ReadRecord<T> =
  | { readonly ok: true; readonly value: Readable<T> }
  | { readonly ok: false; readonly error: z.ZodError };

export function readRecord<S extends z.ZodObject>(schema: S, raw: unknown): ReadRecord<z.output<S>> {
  const checked = schema.safeParse(raw);
  if (checked.success) return { ok: true, value: checked.data };
  if (typeof raw !== 'object' || raw === null) return { ok: false, error: checked.error };
  const rest = { ...raw } as Record<string, unknown>;
  const unreadable: UnreadableField[] = [];
  const bad = Map.groupBy(checked.error.issues, ({ path }) => path[0]);
  for (const [field, issues] of bad) {
    const shape = typeof field === 'string' ? schema.shape[field] : undefined;
    if (typeof field !== 'string' || shape === undefined || essentials.has(shape))
      return { ok: false, error: checked.error };
    const value = rest[field];
    const places = new Set(issues.map(({ path }) => path[1]));
    const isList = Array.isArray(value) && !places.has(undefined);
    if (!isList && !shape.safeParse(null).success) return { ok: false, error: checked.error };
    rest[field] = isList ? value.filter((_element, at) => !places.has(at)) : null;
    unreadable.push({ field, value, why: issues[0]?.message ?? '' });
  }
  const again = schema.safeParse(rest);
  return again.success
    ? { ok: true, value: { ...again.data, unreadable } }
    : { ok: false, error: again.error };
}

/** The first problem, with its path. */
export function reasonOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return `${where === '' ? '' : `${where}: `}${issue?.message ?? 'another shape'}`;
}
