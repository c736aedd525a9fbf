import { expect, test } from 'vitest';
import { requireName } from './unknown-name.ts';

test('a known name passes, another one is an error that suggests the nearest', () => {
  expect(() => requireName('account', 'icm', ['demo', 'icm'])).not.toThrow();
  expect(() => requireName('account', 'imc', ['demo', 'icm'])).toThrow(
    expect.objectContaining({
      code: 'ACCOUNT_UNKNOWN',
      message: 'no account "imc" is configured or recorded; did you mean "icm"?',
    }),
  );
  expect(() => requireName('symbol', 'EURUSD', [])).toThrow(
    expect.objectContaining({ code: 'SYMBOL_UNKNOWN', message: expect.stringMatching(/recorded$/) }),
  );
});
