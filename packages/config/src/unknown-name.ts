// Rejects unknown names of accounts and symbols: with a mistyped name, an empty result would look like complete data. In: the name, and those
// that exist. Out: an error that suggests the nearest.
import { FxtapeError, nearest } from '@fxtape/ops';

/** ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN. */
export function unknownName(what: 'account' | 'symbol', name: string, known: readonly string[]): FxtapeError {
  const near = nearest(name, known);
  return new FxtapeError({
    code: what === 'account' ? 'ACCOUNT_UNKNOWN' : 'SYMBOL_UNKNOWN',
    message: `no ${what} "${name}" is configured or recorded${near === null ? '' : `; did you mean "${near}"?`}`,
    hint: '`fxtape config show` and `fxtape status` list the names',
    context: { [what]: name, nearest: near },
  });
}

/** @throws ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN */
export function requireName(what: 'account' | 'symbol', name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw unknownName(what, name, known);
}
