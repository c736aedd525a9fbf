// Reads the key of an account from its variable. In: the account, and a reader of variables. Out: the key, never empty.
import { FxtapeError } from '@fxtape/ops';
import type { AccountConfig } from './config.ts';

/** @throws KEY_MISSING, and what `keyOf` throws. */
export function requireKey(
  { keyVariable, name }: Pick<AccountConfig, 'keyVariable' | 'name'>,
  keyOf: (variable: string) => string,
): string {
  const key = keyOf(keyVariable);
  if (key !== '') return key;
  throw new FxtapeError({
    code: 'KEY_MISSING',
    message: `the account "${name}" has no key in ${keyVariable}`,
    hint: `Set ${keyVariable}; a read-only key is enough`,
    context: { account: name },
  });
}
