// Checks a name that a person typed against those that exist: with a mistyped one, empty results would look like complete data. In: the
// name, and the known names. Out: nothing, or an error that suggests the nearest.
import { FxtapeError, nearest } from '@fxtape/ops';
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
  if (asked.account !== undefined) requireAccount(asked.account, [...configured, ...accounts]);
  if (asked.symbol !== undefined) requireOne('symbol', asked.symbol, symbols);
}

/** @throws ACCOUNT_UNKNOWN */
export const requireAccount = (name: string, known: readonly string[]): void =>
  requireOne('account', name, known);

/** Names in the configuration; none if it cannot be read: then only recorded names count. */
export const configuredNames = async (env: CliEnv): Promise<string[]> => {
  try {
    return (await runMode(env)).config.accounts.map(({ name }) => name);
  } catch {
    return [];
  }
};

function requireOne(what: 'account' | 'symbol', name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw new FxtapeError({
    code: what === 'account' ? 'ACCOUNT_UNKNOWN' : 'SYMBOL_UNKNOWN',
    kind: 'terminal',
    message: `no ${what} "${name}" is configured or recorded`,
    hint:
      near === null
        ? '`fxtape config show` lists the names'
        : `Did you mean "${near}"? \`fxtape status\` lists all of them`,
    context: { [what]: name, nearest: near },
  });
}
