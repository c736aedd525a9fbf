// The places on a tape from which sending can resume. A checkpoint is made of what was sent up to it; it is confirmed once
// QuestDB has applied that and five minutes have passed, and the newest confirmed one stands in the cursor file.
import { type Cursor, type Position, writeCursor } from '@fxtape/tape';

/** How long the confirmed cursor trails the database's answers, in milliseconds. */
export const TRAIL_MS = 300_000;
const EVERY_MS = 10_000;
/** Each holds a whole ledger. Twice as many as ripen while nothing stands in the way. */
const MAX_WAITING = (2 * TRAIL_MS) / EVERY_MS;

export interface Checkpoint {
  readonly position: Position;
  /** The ledger at that position, saved. */
  readonly ledger: unknown;
  /** Monotonic time of the answer. */
  readonly answeredMs: number;
}

export class Checkpoints {
  readonly #dir: string;
  #waiting: Checkpoint[] = [];
  #confirmed: Checkpoint | null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(dir: string, cursor: Cursor | null) {
    this.#dir = dir;
    this.#confirmed =
      cursor === null
        ? null
        : { position: cursor.position, ledger: cursor.state, answeredMs: Number.NEGATIVE_INFINITY };
  }

  /** Where sending resumes; null is the oldest line of the tape. */
  get confirmed(): Checkpoint | null {
    return this.#confirmed;
  }

  /** How many are not confirmed yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** True when it is time for another checkpoint. */
  due(nowMs: number): boolean {
    return nowMs - this.#lastMs >= EVERY_MS;
  }

  answered(checkpoint: Checkpoint): void {
    this.#lastMs = checkpoint.answeredMs;
    this.#waiting.push(checkpoint);
    // Nothing is confirmed, for long: every second one of the older half goes. They lie further apart, but reach as far back.
    if (this.#waiting.length > MAX_WAITING)
      this.#waiting = this.#waiting.filter((_, i) => i % 2 === 0 || i > MAX_WAITING / 2);
  }

  /** Sending begins again at the confirmed one: what was answered since then is answered anew. */
  rewind(): void {
    this.#waiting = [];
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }

  /** Everything answered until `appliedMs` is applied: confirms what is old enough and writes the cursor file. */
  async confirm(appliedMs: number, nowMs: number): Promise<void> {
    const ripe = this.#waiting.filter((each) => each.answeredMs <= Math.min(appliedMs, nowMs - TRAIL_MS));
    const newest = ripe.at(-1);
    if (newest === undefined) return;
    this.#waiting = this.#waiting.slice(ripe.length);
    this.#confirmed = newest;
    await writeCursor(this.#dir, { position: newest.position, state: newest.ledger });
  }
}
