// Turns the body of an answer into checked values. In: the text and the expected form. Out: the values, or where and why they do not fit.
// An object must fit as a whole. History lists are checked row by row: a broken row is set aside with its reason, a broken field that is not
// essential becomes null (wire/record.ts). Only routes with identifiers pay for parsing them without rounding.
import type { z } from 'zod';
import { parseJson } from '../wire/json.ts';
import { type Readable, readRecord, reasonOf } from '../wire/record.ts';

/** A row that does not fit the route's schema: its parsed JSON and the reason. */
export interface RejectedRow {
  readonly raw: unknown;
  readonly reason: string;
}

export interface ListAnswer<T> {
  readonly rows: T[];
  /** In the order of the answer; none of them is in `rows`. */
  readonly rejected: readonly RejectedRow[];
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly where: string; readonly why: string };

export interface AnswerForm<T> {
  /** @throws SyntaxError */
  readonly parse: (text: string) => unknown;
  readonly check: (value: unknown) => Checked<T>;
  /** Statuses other than 2xx whose body is an ordinary answer. */
  readonly alsoAt?: readonly number[];
}

/** A value that must fit the schema as a whole. */
export const wholeAnswer = <S extends z.ZodType>(schema: S): AnswerForm<z.output<S>> => ({
  parse: parseJson,
  check: (value) => {
    const checked = schema.safeParse(value);
    if (checked.success) return { ok: true, value: checked.data };
    const [issue] = checked.error.issues;
    return { ok: false, where: issue?.path.join('.') ?? '', why: issue?.message ?? '' };
  },
});

/** One record; a field that is not essential may be unreadable. */
export const recordAnswer = <S extends z.ZodObject>(schema: S): AnswerForm<Readable<z.output<S>>> => ({
  parse: parseJson,
  check: (value) => {
    const read = readRecord(schema, value);
    if (read.ok) return read;
    const [issue] = read.error.issues;
    return { ok: false, where: issue?.path.join('.') ?? '', why: issue?.message ?? '' };
  },
});

/** 204. A body is ignored. */
export const noAnswer: AnswerForm<void> = {
  parse: () => undefined,
  check: () => ({ ok: true, value: undefined }),
};

export interface ListForm<S extends z.ZodObject> {
  readonly row: S;
  /**
   * True only for rows that the schema `row` would accept unchanged; they skip the schema and keep their unknown fields.
   */
  readonly isPlain?: (row: Record<string, unknown>) => boolean;
  readonly identifiers: boolean;
}

type Row<S extends z.ZodObject> = Readable<z.output<S>>;

/** An array, checked row by row. */
export const listAnswer = <S extends z.ZodObject>(form: ListForm<S>): AnswerForm<ListAnswer<Row<S>>> => ({
  parse: form.identifiers ? parseJson : JSON.parse,
  check: (value) => {
    if (!Array.isArray(value)) return { ok: false, where: '', why: 'not an array' };
    return { ok: true, value: checkRows(value, form) };
  },
});

/** An array in which every row must be readable, because a missing row would mean that the order does not exist. */
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
