// When the stored rows of an account are compared with their versions: once a day, at a start, and as soon as a partition has fewer rows
// than before, which no upsert ever causes, or has versions but no rows. In: the row counts of each partition, now and then. Out: whether
// an audit is due.
import { dayOf } from './plan/rereads.ts';

type Partitions = ReadonlyMap<string, number>;

export class AuditWatch {
  #day: number | null = null;
  #rows: Partitions = new Map();
  #due = true;

  /** True until `planned` is called. `partitions`: `<table> <partition>` → rows. */
  due(partitions: Partitions, wallUs: number): boolean {
    const lost = [...this.#rows].some(([name, rows]) => (partitions.get(name) ?? 0) < rows);
    const before = bare(this.#rows);
    const emptied = [...bare(partitions)].some((name) => !before.has(name));
    this.#rows = partitions;
    this.#due ||= lost || emptied || this.#day !== dayOf(wallUs);
    return this.#due;
  }

  /** The audit stands in the queue. */
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

/** Partitions that hold versions while their table has none of that time. */
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
