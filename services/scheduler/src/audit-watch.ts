// When to audit the stored rows of an account against their revisions: at a start, once a day, and when a partition has fewer rows than before
// (no upsert causes that) or has revisions but no rows. In: the row count of each partition. Out: whether an audit is due.
import { dayOf } from './plan/rereads.ts';

type Partitions = ReadonlyMap<string, number>;

export class AuditWatch {
  #day: number | null = null;
  #rows: Partitions = new Map();
  #due = true;

  /** Once due, stays true until `planned` is called. `partitions`: `<table> <partition>` → rows. */
  due(partitions: Partitions, wallUs: number): boolean {
    const lost = [...this.#rows].some(([name, rows]) => (partitions.get(name) ?? 0) < rows);
    const before = bare(this.#rows);
    const emptied = [...bare(partitions)].some((name) => !before.has(name));
    this.#rows = partitions;
    this.#due ||= lost || emptied || this.#day !== dayOf(wallUs);
    return this.#due;
  }

  /** The audit is in the queue. */
  planned(wallUs: number): void {
    this.#due = false;
    this.#day = dayOf(wallUs);
  }
}

const TABLE_OF: Readonly<Record<string, string>> = {
  bar_revisions: 'bars',
  deal_revisions: 'deals',
  position_revisions: 'positions',
};

/** Partitions of revisions whose table has no rows of that time. */
function bare(partitions: Partitions): Set<string> {
  const found = new Set<string>();
  for (const [name, rows] of partitions) {
    const [revisions = '', partition = ''] = name.split(' ');
    const table = TABLE_OF[revisions];
    if (table === undefined || rows === 0) continue;
    if ((partitions.get(`${table} ${partition}`) ?? 0) === 0) found.add(name);
  }
  return found;
}
