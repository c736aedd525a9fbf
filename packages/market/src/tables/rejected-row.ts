// A row of `rejected`: what cannot be stored where it belongs. In: whose it is, why, and the text as received. Out: the row, with as much of
// the text as the table takes. The tape keeps the whole frame.
import type { RejectedRow } from './tables.ts';

/** What of a rejected text is kept in the table. */
const RAW_LIMIT = 1_048_576;

export const rejectedRow = (o: {
  readonly account: string;
  readonly tsRecv: number;
  readonly kind: string;
  readonly reason: string;
  readonly raw: string;
}): RejectedRow => ({
  ts: o.tsRecv,
  account: o.account,
  ts_recv: o.tsRecv,
  kind: o.kind,
  reason: o.reason,
  raw: o.raw.slice(0, RAW_LIMIT),
});
