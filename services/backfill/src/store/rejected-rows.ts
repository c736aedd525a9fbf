// What reading history sets aside, as rows of `rejected`. In: a row of an answer as received, and why it, or one of its fields, is not in
// its table. Out: the rows, none of which ever overwrites another. A single field (kind `field`) is recorded when its record is written, so
// an unchanged answer adds nothing.
import { type IncompleteRow, rejectedRow, type TableRow } from '@fxtape/market';
import type { RejectedItem } from '../fetch/history-source.ts';
import type { SyncContext } from '../context/sync-context.ts';

export const rejectedRows = (
  c: SyncContext,
  kind: string,
  items: readonly RejectedItem[],
): TableRow<'rejected'>[] => {
  const { account } = c.account;
  return items.map((item) => {
    const tsRecv = c.parts.stamps.next(`rejected ${account}`);
    return rejectedRow({ account, tsRecv, kind, reason: item.reason, raw: rawText(item.raw) });
  });
};

/** To be written before, and together with, the rows for which `isWritten` is true: which of their fields are null because they could not be read. */
export function fieldRows<R>(
  c: SyncContext,
  incomplete: readonly IncompleteRow<R>[],
  isWritten: (row: R) => boolean,
): { readonly rejected?: TableRow<'rejected'>[] } {
  const items = incomplete.filter(({ row }) => isWritten(row));
  if (items.length === 0) return {};
  c.parts.numbers.unreadable(c.account.account, items.length);
  return { rejected: rejectedRows(c, 'field', items) };
}

/** A row as received, as JSON. */
export const rawText = (raw: unknown): string =>
  JSON.stringify(raw, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)) ?? '';
