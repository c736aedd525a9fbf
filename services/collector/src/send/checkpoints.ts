// The places on a tape from which sending can resume. A checkpoint is confirmed once QuestDB has applied everything sent before it and five
// minutes have passed; the newest confirmed one is in the cursor file. It counts only for the database that confirmed it: an emptied one,
// another engine or an older copy gets the whole tape.
import { type Cursor, type Position, writeCursor } from '@fxtape/tape';
import type { Witness } from './witness.ts';

/** How long the confirmed cursor trails the database's answers, in milliseconds. */
export const TRAIL_MS = 300_000;
const EVERY_MS = 10_000;
/** Each holds a whole ledger. Twice as many as wait in normal operation. */
const MAX_WAITING = (2 * TRAIL_MS) / EVERY_MS;

export interface Checkpoint {
  readonly position: Position;
  /** The ledger at that position, saved. */
  readonly ledger: unknown;
  /** Monotonic time of the answer. */
  readonly answeredMs: number;
  /** A row sent before it. A database that lacks this row is not the one that confirmed. */
  readonly witness: Witness | null;
}

/** The state in the cursor file. Older releases wrote the ledger alone, then a witness that does not say whose it is. */
interface Saved {
  readonly v: 2 | 3;
  readonly ledger: unknown;
  readonly database: string;
  readonly witness: Witness | null;
}

const isSaved = (state: unknown): state is Saved =>
  typeof state === 'object' && state !== null && 'database' in state;

export class Checkpoints {
  readonly #dir: string;
  #waiting: Checkpoint[] = [];
  #confirmed: Checkpoint | null;
  /** Identity of the database that confirmed; null: an older release did not say. */
  #database: string | null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(dir: string, cursor: Cursor | null) {
    this.#dir = dir;
    const saved = cursor !== null && isSaved(cursor.state) ? cursor.state : null;
    this.#database = saved?.database ?? null;
    this.#confirmed =
      cursor === null
        ? null
        : {
            position: cursor.position,
            ledger: saved === null ? cursor.state : saved.ledger,
            answeredMs: Number.NEGATIVE_INFINITY,
            witness: saved?.v === 3 ? saved.witness : null,
          };
  }

  /** Where sending resumes; null is the oldest line of the tape. */
  get confirmed(): Checkpoint | null {
    return this.#confirmed;
  }

  /** Identity of the database that rows were sent to last; null: not known. */
  get database(): string | null {
    return this.#database;
  }

  /** How many are not confirmed yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Sending goes to this database from now on. False: it is not the one that confirmed, or has lost what it had; then sending begins at the
   * oldest line. `holds` says whether it has a row; its errors pass through and change nothing.
   */
  async belongTo(database: string, holds: (witness: Witness) => Promise<boolean>): Promise<boolean> {
    const same = await this.isOf(database, holds);
    if (!same) this.#confirmed = null;
    this.rewind();
    this.#database = database;
    return same;
  }

  /** Whether this database is the one that rows were sent to last, and has what it had. */
  async isOf(database: string, holds: (witness: Witness) => Promise<boolean>): Promise<boolean> {
    const { witness } = this.#confirmed ?? { witness: null };
    return this.#isSame(database) && (witness === null || (await holds(witness)));
  }

  /** True when it is time for another checkpoint. */
  due(nowMs: number): boolean {
    return nowMs - this.#lastMs >= EVERY_MS;
  }

  answered(checkpoint: Checkpoint): void {
    this.#lastMs = checkpoint.answeredMs;
    this.#waiting.push(checkpoint);
    // When nothing is confirmed for long, every second one of the older half goes: they lie further apart, but reach as far back.
    if (this.#waiting.length > MAX_WAITING)
      this.#waiting = this.#waiting.filter((_, i) => i % 2 === 0 || i > MAX_WAITING / 2);
  }

  /** Sending resumes at the confirmed one: rows answered since then are sent again. */
  rewind(): void {
    this.#waiting = [];
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }

  /** Everything answered until `appliedMs` is applied: confirms what is old enough and writes the cursor file. */
  async confirm(appliedMs: number, nowMs: number): Promise<void> {
    const ripe = this.#waiting.filter((each) => each.answeredMs <= Math.min(appliedMs, nowMs - TRAIL_MS));
    const newest = ripe.at(-1);
    const database = this.#database;
    if (newest === undefined || database === null) return;
    this.#waiting = this.#waiting.slice(ripe.length);
    this.#confirmed = newest;
    const state: Saved = { v: 3, ledger: newest.ledger, database, witness: newest.witness };
    await writeCursor(this.#dir, { position: newest.position, state });
  }

  /** An older release named no database: one that was made after the confirmed place cannot have confirmed it. */
  #isSame(database: string): boolean {
    if (this.#database !== null) return database === this.#database;
    return this.#confirmed === null || Number(database) <= this.#confirmed.position.segment;
  }
}
