// The writer of jobs. In: rows by table. Out: a promise that resolves when queries see them. Tables are written in the given order, each
// answered before the next is sent, so a process that is killed leaves only the first of them behind: put rows that may stand alone first,
// and rows that claim the rest (coverage) last. An unreachable database or a suspended table is waited out.
import type { AppliedWatch } from '../wire/applied-watch.ts';
import type { RowInput, TableName } from '@fxtape/market/tables';
import type { TableWriter } from './table-writer.ts';
import type { CondemnedRow } from './submission.ts';

/** Rows by table, in the order in which the tables are to be written. */
export type RowsByTable = { readonly [N in TableName]?: readonly RowInput<N>[] };

export interface AppliedRows {
  /** Rows that will never be stored, with their table. The caller must keep them. */
  readonly condemned: readonly (CondemnedRow & { readonly table: TableName })[];
}

export class AppliedWriter {
  readonly #writer: TableWriter;
  readonly #applied: AppliedWatch;

  constructor(options: { writer: TableWriter; applied: AppliedWatch }) {
    this.#writer = options.writer;
    this.#applied = options.applied;
  }

  /**
   * Resolves when a query sees every row but the condemned ones; writing them again is harmless.
   * Rejects only with the signal's reason, at once, or with WRITER_CLOSED; then it is unknown which rows are stored.
   */
  async write(rows: RowsByTable, options: { signal: AbortSignal }): Promise<AppliedRows> {
    const { signal } = options;
    signal.throwIfAborted();
    const condemned: (CondemnedRow & { table: TableName })[] = [];
    const written: TableName[] = [];
    for (const table of Object.keys(rows) as TableName[]) {
      const some = rows[table] as readonly RowInput<TableName>[] | undefined;
      if (some === undefined || some.length === 0) continue;
      const answered = await this.#writer.submit(table, some, { signal });
      for (const row of answered.condemned) condemned.push({ ...row, table });
      if (answered.rows > 0) written.push(table);
    }
    await this.#applied.waitAllApplied(written, { signal });
    return { condemned };
  }
}
