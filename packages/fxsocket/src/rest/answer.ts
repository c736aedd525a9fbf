// How the body of an answer becomes checked values. In: the text and what it should be. Out: the values, or where and why it is something
// else. An object has to be right as a whole. A list of history is judged row by row: one broken row among forty thousand is kept aside
// with its reason, and the others are good. Only routes that carry identifiers pay for parsing them without rounding.
import type { z } from 'zod';
import { parseJson } from '../wire/json.ts';

/** A row that is not what the route promises, as it came, parsed. */
export interface RejectedRow {
  readonly raw: unknown;
  readonly reason: string;
}

export interface ListAnswer<T> {
  readonly rows: T[];
  /** In the order of the answer; nothing of it is in `rows`. */
  readonly rejected: readonly RejectedRow[];
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly where: string; readonly why: string };

export interface AnswerForm<T> {
  /** @throws SyntaxError */
  readonly parse: (text: string) => unknown;
  readonly check: (value: unknown) => Checked<T>;
  /** Statuses beside 2xx at which a body of this form is the answer, not an error. */
  readonly alsoAt?: readonly number[];
}

/** All of it fits the schema. */
export const wholeAnswer = <S extends z.ZodType>(schema: S): AnswerForm<z.output<S>> => ({
  parse: parseJson,
  check: (value) => {
    const checked = schema.safeParse(value);
    if (checked.success) return { ok: true, value: checked.data };
    const [issue] = checked.error.issues;
    return { ok: false, where: issue?.path.join('.') ?? '', why: issue?.message ?? '' };
  },
});

/** 204: nothing. A body is not looked at. */
export const noAnswer: AnswerForm<void> = {
  parse: () => undefined,
  check: () => ({ ok: true, value: undefined }),
};

export interface ListForm<S extends z.ZodType> {
  readonly row: S;
  /**
   * True only for a row that `row` would take as it is; spares it the schema. Such a row is handed out as it came, fields that nobody
   * asked for included.
   */
  readonly isPlain?: (row: Record<string, unknown>) => boolean;
  readonly identifiers: boolean;
}

/** An array, row by row. */
export const listAnswer = <S extends z.ZodType>(form: ListForm<S>): AnswerForm<ListAnswer<z.output<S>>> => ({
  parse: form.identifiers ? parseJson : JSON.parse,
  check: (value) => {
    if (!Array.isArray(value)) return { ok: false, where: '', why: 'not an array' };
    return { ok: true, value: checkRows(value, form) };
  },
});

function checkRows<S extends z.ZodType>(values: unknown[], form: ListForm<S>): ListAnswer<z.output<S>> {
  const rows: z.output<S>[] = [];
  const rejected: RejectedRow[] = [];
  const { isPlain, row: schema } = form;
  for (const raw of values) {
    if (typeof raw === 'object' && raw !== null && isPlain?.(raw as Record<string, unknown>) === true) {
      rows.push(raw as z.output<S>);
      continue;
    }
    const checked = schema.safeParse(raw);
    if (checked.success) rows.push(checked.data);
    else rejected.push({ raw, reason: reasonOf(checked.error) });
  }
  return { rows, rejected };
}

function reasonOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const where = issue?.path.join('.') ?? '';
  return `${where === '' ? '' : `${where}: `}${issue?.message ?? 'another shape'}`;
}
