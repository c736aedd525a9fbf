// What history sets aside, as rows of `rejected`. In: a row of an answer as it came, and why it, or a field of it, is not in its table. Out:
// the rows, none of which is ever written over another. A field alone (kind `field`) is told when its record is written, so that an answer
// that did not change tells nothing new.
import { type IncompleteRow, rejectedRow, type TableRow } from '@fxtape/market';
import type { RejectedItem } from './history-source.ts';
import type { SyncContext } from './sync-context.ts';

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

/** To be written before the rows of which `isWritten` is true, and with them: what of these is null because it could not be read. */
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

/** A row as it came, as JSON. */
export const rawText = (raw: unknown): string =>
  JSON.stringify(raw, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)) ?? '';
