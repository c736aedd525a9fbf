// One `submit` to a table: its rows and what became of them. Settled once, by the last of its rows or by an abort.
import type { Row } from '@fxtape/market/tables';

export interface CondemnedRow {
  /** The row as submitted. */
  readonly row: Row;
  /** Index in the submitted rows. */
  readonly index: number;
  /** Why it can never be stored, for people. */
  readonly reason: string;
  /** `encoder`: a value is not what its column means. `server`: the line was refused alone, and the table is as defined. */
  readonly by: 'encoder' | 'server';
  /** The line as sent (doubles are binary); null when none could be made. */
  readonly line: string | null;
}

export interface Answered {
  /** Rows that the database has answered for: durable in its log, not necessarily visible yet. */
  readonly rows: number;
  /** Rows that will never be stored. The caller must keep them. */
  readonly condemned: readonly CondemnedRow[];
}

export class Submission {
  readonly rows: readonly Row[];
  readonly answered: Promise<Answered>;
  #resolve: (answered: Answered) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #open: number;
  #settled = false;
  readonly #condemned: CondemnedRow[] = [];

  constructor(rows: readonly Row[]) {
    this.rows = rows;
    this.#open = rows.length;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get settled(): boolean {
    return this.#settled;
  }

  stored(): void {
    this.#close();
  }

  condemn(row: CondemnedRow): void {
    this.#condemned.push(row);
    this.#close();
  }

  fail(reason: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(reason);
  }

  #close(): void {
    if (--this.#open > 0 || this.#settled) return;
    this.#settled = true;
    this.#resolve({ rows: this.rows.length - this.#condemned.length, condemned: this.#condemned });
  }
}
