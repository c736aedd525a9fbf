// Checks a typed name against those that exist: for a mistyped one, an empty result would look like complete data. In: the name, and the
// known names. Out: nothing, or an error that suggests the nearest.
import { requireName } from '@fxtape/config';
import type { Reader } from '@fxtape/questdb';
import type { CliEnv } from './env.ts';
import { runMode } from './run-mode.ts';

export interface AskedNames {
  readonly account?: string;
  readonly symbol?: string;
}

/** @throws ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN; those of the reader. */
export async function requireKnown(
  asked: AskedNames,
  reader: Reader,
  configured: readonly string[],
): Promise<void> {
  if (asked.account === undefined && asked.symbol === undefined) return;
  const { accounts, symbols } = await reader.knownNames();
  if (asked.account !== undefined) requireName('account', asked.account, [...configured, ...accounts]);
  if (asked.symbol !== undefined) requireName('symbol', asked.symbol, symbols);
}

/** Names in the configuration; none if it cannot be read: then only recorded names count. */
export const configuredNames = async (env: CliEnv): Promise<string[]> => {
  try {
    return (await runMode(env)).config.accounts.map(({ name }) => name);
  } catch {
    return [];
  }
};
