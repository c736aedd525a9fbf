import { expect, test } from 'vitest';
import { requireAccount } from './known-names.ts';

test('a known name passes, another one is an error that names the nearest', () => {
  expect(() => requireAccount('icm', ['demo', 'icm'])).not.toThrow();
  expect(() => requireAccount('imc', ['demo', 'icm'])).toThrow(
    expect.objectContaining({ code: 'ACCOUNT_UNKNOWN', hint: expect.stringContaining('"icm"') }),
  );
});
