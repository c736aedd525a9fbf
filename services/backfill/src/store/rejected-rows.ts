// Rows of `rejected` for what could not be stored. In: a row as received, and why it, or one of its fields, is not in its table. Out: rows that never
// overwrite each other. An unreadable field (kind `field`) is recorded only when its row is written, so unchanged answers add nothing.
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

/** Records the unreadable fields of rows for which `isWritten` is true. To be written before these rows, in the same call. */
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
