// When the stored rows of an account are held against their versions: once a day, at a start, and as soon as a partition has fewer rows
// than it had, which no upsert ever does. In: the rows of each partition, now and then. Out: whether it is time.
import { dayOf } from './plan/rereads.ts';

export class AuditWatch {
  #day: number | null = null;
  #rows: ReadonlyMap<string, number> = new Map();
  #due = true;

  /** True until `planned` is called. `partitions`: name → rows. */
  due(partitions: ReadonlyMap<string, number>, wallUs: number): boolean {
    const lost = [...this.#rows].some(([name, rows]) => (partitions.get(name) ?? 0) < rows);
    this.#rows = partitions;
    this.#due ||= lost || this.#day !== dayOf(wallUs);
    return this.#due;
  }

  /** The audit stands in the queue. */
  planned(wallUs: number): void {
    this.#due = false;
    this.#day = dayOf(wallUs);
  }
}
