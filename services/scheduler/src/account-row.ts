// The row of `accounts`: the identity of a configured account. In: the gateway's view. Out: a row, and whether it differs from the stored one.
// An account name stays bound to the server and login that it first had.
import type { AccountConfig } from '@fxtape/config';
import { FxtapeError } from '@fxtape/ops';
import type { TableRow } from '@fxtape/market';
import type { GatewayView } from './gateway-watch.ts';

type AccountsRow = TableRow<'accounts'>;

export function accountRow(config: AccountConfig, { row, info }: GatewayView, seenUs: number): AccountsRow {
  return {
    ts: seenUs,
    account: config.name,
    account_id: row.id,
    login: row.login,
    server: row.server,
    company: info.company ?? null,
    currency: info.currency,
    leverage: info.leverage ?? null,
    margin_mode: info.marginMode ?? null,
    platform: row.platform,
    feed: config.marketData?.feed ?? null,
  };
}

/** Compares everything but the time. Identifiers may be numbers or bigints. */
export function sameAccount(a: AccountsRow, b: AccountsRow): boolean {
  const text = (row: AccountsRow): string =>
    JSON.stringify([
      row.account,
      row.account_id ?? null,
      String(row.login),
      row.server,
      row.company ?? null,
      row.currency,
      row.leverage ?? null,
      row.margin_mode ?? null,
      row.platform,
      row.feed ?? null,
    ]);
  return text(a) === text(b);
}

/** @throws ACCOUNT_MISMATCH */
export function requireBound(known: AccountsRow | null, { row }: GatewayView): void {
  if (known === null || (known.server === row.server && String(known.login) === String(row.login))) return;
  throw new FxtapeError({
    code: 'ACCOUNT_MISMATCH',
    message: `"${known.account}" is login ${known.login} on ${known.server}, not ${row.login} on ${row.server}`,
    context: { account: known.account },
  });
}

/** Other names under which the same login on the same server was recorded. */
export const otherNames = (known: readonly AccountsRow[], name: string, { row }: GatewayView): string[] =>
  known
    .filter((one) => one.account !== name && one.server === row.server)
    .filter((one) => String(one.login) === String(row.login))
    .map((one) => one.account);
