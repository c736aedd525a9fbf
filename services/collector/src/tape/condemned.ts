// Rows that the database refuses for good, as events on the tape. In: the row and the reason. Out: an event that names the stream and the
// time that lack it, once per row, however often its line is read again. Heads repeat which rows were noted, so a restart knows them.
import { type CondemnedRow, isOfAccount, isStreamed, LEAST_MARGIN_MS, STREAM_OF_TABLE } from '@fxtape/market';

/** Only lines behind the cursor are read again. With more refused rows than this among them, some are noted twice. */
const MOST_KEPT = 1000;
/** This much of a row's text tells it apart: the key columns stand first. */
const NAME_LENGTH = 200;

/** Where the row has no sensible time, its absence lies around its receive time. */
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
