// How a database is recognised: by the newest row that it confirmed, which an older copy of it lacks. In: rows. Out: the newest of them.
// While the market is closed, and for an account without market data, only coverage goes on; its newest range then serves.
import type { Rows } from '@fxtape/market';
import type { SentRow } from '@fxtape/questdb';

export interface Witness extends SentRow {
  /** When it was received, and of coverage where it begins, microseconds. */
  readonly atUs: number;
}

/** Rows that were refused are no witness. Null: there is none among them. */
export const witnessOf = (rows: Rows, condemned: ReadonlySet<unknown>): Witness | null => {
  const tick = newest(rows.ticks, condemned);
  const state = newest(rows.account_events, condemned);
  const positions = newest(rows.position_events, condemned);
  const claim = newest(rows.coverage, condemned);
  return newer(
    tick && {
      table: 'ticks',
      ts: tick.ts,
      is: { feed: tick.feed, ts_recv: tick.ts_recv },
      atUs: tick.ts_recv,
    },
    state && { table: 'account_events', ...ownRow(state) },
    positions && { table: 'position_events', ...ownRow(positions) },
    claim && {
      table: 'coverage',
      ts: claim.ts,
      is: { account: claim.account, range_id: claim.range_id },
      atUs: claim.ts,
    },
  );
};

/** Of equally new ones the first. */
export const newer = (...witnesses: readonly (Witness | null | undefined)[]): Witness | null =>
  witnesses.reduce<Witness | null>(
    (best, each) => (each && (best === null || each.atUs > best.atUs) ? each : best),
    null,
  );

const newest = <T>(rows: readonly T[], condemned: ReadonlySet<unknown>): T | undefined =>
  rows.findLast((row) => !condemned.has(row));

const ownRow = ({ account, ts }: { account: string; ts: number }) => ({ ts, is: { account, ts }, atUs: ts });
