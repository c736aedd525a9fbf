// Rows that the database refuses for good, as events on the tape. In: the row and why. Out: an event that says which stream lacks what,
// once for each row, however often its line is read again. The events are on the tape and in its heads, so a restart knows them.
import { type CondemnedRow, isOfAccount, isStreamed, LEAST_MARGIN_MS, STREAM_OF_TABLE } from '@fxtape/market';

/** Read again is at most what follows the cursor; more than so many refused rows behind it are told twice. */
const MOST_KEPT = 1000;
/** The columns that tell rows of one table apart stand first. */
const NAME_LENGTH = 200;

/** A row without a time that can be meant lacks where it was received. */
export const condemnedNote = (
  table: string,
  row: Readonly<Record<string, unknown>>,
  reason: string,
): CondemnedRow => {
  const ts = Number(row['ts']);
  const of = Number(row['ts_recv'] ?? row['ts']);
  const stream = STREAM_OF_TABLE.get(table) ?? 'account';
  const text = (name: string): string | null =>
    isOfAccount(stream) ? null : ((row[name] as string | undefined) ?? null);
  const feed = text('feed');
  const isTimed = Number.isInteger(ts) && isStreamed(ts / 1000);
  return {
    table,
    key: { stream, symbol: text('symbol'), timeframe: text('timeframe') },
    ...(feed === null ? {} : { feed }),
    of,
    fromUs: isTimed ? ts : of - LEAST_MARGIN_MS * 1000,
    toUs: (isTimed ? ts : of) + 1,
    reason,
    raw: JSON.stringify(row, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  };
};

export class Condemned {
  #names: Set<string>;

  constructor(saved: readonly string[] = []) {
    this.#names = new Set(saved);
  }

  has(row: CondemnedRow): boolean {
    return this.#names.has(nameOf(row));
  }

  /** The event stands on the tape. */
  add(row: CondemnedRow): void {
    this.#names.add(nameOf(row));
    const [oldest] = this.#names;
    if (this.#names.size > MOST_KEPT && oldest !== undefined) this.#names.delete(oldest);
  }

  save(): readonly string[] {
    return [...this.#names];
  }
}

const nameOf = ({ raw, table }: CondemnedRow): string => `${table} ${raw.slice(0, NAME_LENGTH)}`;
