// Names in a request that exist nowhere here: a mistyped one would be planned as nothing missing. In: the name, and those that exist. Out:
// nothing, or an error that suggests the nearest.
import { FxtapeError, nearest } from '@fxtape/ops';

/** @throws SYMBOL_UNKNOWN */
export function requireSymbol(symbol: string | null, known: readonly string[]): void {
  if (symbol === null || known.includes(symbol)) return;
  throw unknown(
    'SYMBOL_UNKNOWN',
    `no account in this request records the symbol "${symbol}"`,
    nearest(symbol, known),
  );
}

export const unknownAccount = (account: string | null, known: readonly string[]): FxtapeError =>
  unknown('ACCOUNT_UNKNOWN', `the configuration has no account "${account}"`, nearest(account ?? '', known));

const unknown = (code: string, message: string, near: string | null): FxtapeError =>
  new FxtapeError({
    code,
    kind: 'terminal',
    message: near === null ? message : `${message}; the nearest is "${near}"`,
    hint: '`fxtape config show` and `fxtape status` list the names',
  });
