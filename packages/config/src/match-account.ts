// Which account of a key a configuration entry means. In: the entry, and the account list from the management API. Out: its row, or
// undefined while there is none. Every process that has to find the account uses this, so all find the same one.
import type { AccountConfig } from './config.ts';
import { matchesGlob } from './match-symbols.ts';

/** The row with the entry's id; with `match` the first row whose server and nickname fit. */
export function matchAccount<
  R extends { readonly id: string; readonly server: string; readonly nickname?: string | null | undefined },
>(config: Pick<AccountConfig, 'id' | 'match'>, rows: readonly R[]): R | undefined {
  if (config.id !== null) return rows.find((row) => row.id.toLowerCase() === config.id?.toLowerCase());
  const { server, nickname } = config.match ?? {};
  return rows.find(
    (row) =>
      (server === undefined || matchesGlob(server, row.server)) &&
      (nickname === undefined || matchesGlob(nickname, row.nickname ?? '')),
  );
}
