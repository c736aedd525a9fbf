// How the body of an answer becomes checked values. In: the text and what it should be. Out: the values, or where and why it is something
// else. An object has to be right as a whole. A list of history is judged row by row: one broken row among forty thousand is kept aside
// with its reason, a broken field that does not matter costs only itself (record.ts), and the others are good. Only routes that carry
// identifiers pay for parsing them without rounding.
import type { z } from 'zod';
import { parseJson } from '../wire/json.ts';
import { type Readable, readRecord, reasonOf } from '../wire/record.ts';

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

/** One record. */
export const recordAnswer = <S extends z.ZodObject>(schema: S): AnswerForm<Readable<z.output<S>>> => ({
  parse: parseJson,
  check: (value) => {
    const read = readRecord(schema, value);
    if (read.ok) return read;
    const [issue] = read.error.issues;
    return { ok: false, where: issue?.path.join('.') ?? '', why: issue?.message ?? '' };
  },
});

/** 204: nothing. A body is not looked at. */
export const noAnswer: AnswerForm<void> = {
  parse: () => undefined,
  check: () => ({ ok: true, value: undefined }),
};

export interface ListForm<S extends z.ZodObject> {
  readonly row: S;
  /**
   * True only for a row that `row` would take as it is; spares it the schema. Such a row is handed out as it came, fields that nobody
   * asked for included.
   */
  readonly isPlain?: (row: Record<string, unknown>) => boolean;
  readonly identifiers: boolean;
}

type Row<S extends z.ZodObject> = Readable<z.output<S>>;

/** An array, row by row. */
export const listAnswer = <S extends z.ZodObject>(form: ListForm<S>): AnswerForm<ListAnswer<Row<S>>> => ({
  parse: form.identifiers ? parseJson : JSON.parse,
  check: (value) => {
    if (!Array.isArray(value)) return { ok: false, where: '', why: 'not an array' };
    return { ok: true, value: checkRows(value, form) };
  },
});

/** An array of which every row is there: without one of them it would say that this one does not exist. */
export const wholeList = <S extends z.ZodObject>(row: S): AnswerForm<Row<S>[]> => ({
  parse: parseJson,
  check: (value) => {
    if (!Array.isArray(value)) return { ok: false, where: '', why: 'not an array' };
    const { rejected, rows } = checkRows(value, { row, identifiers: true });
    const [first] = rejected;
    if (first === undefined) return { ok: true, value: rows };
    return { ok: false, where: String(value.indexOf(first.raw)), why: first.reason };
  },
});

function checkRows<S extends z.ZodObject>(values: unknown[], form: ListForm<S>): ListAnswer<Row<S>> {
  const rows: Row<S>[] = [];
  const rejected: RejectedRow[] = [];
  const { isPlain, row: schema } = form;
  for (const raw of values) {
    if (typeof raw === 'object' && raw !== null && isPlain?.(raw as Record<string, unknown>) === true) {
      rows.push(raw as Row<S>);
      continue;
    }
    const read = readRecord(schema, raw);
    if (read.ok) rows.push(read.value);
    else rejected.push({ raw, reason: reasonOf(read.error) });
  }
  return { rows, rejected };
}
