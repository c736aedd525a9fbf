import { expect, test } from 'vitest';
import { environmentInForce, withoutSecrets } from './environment.ts';
import { readCliEnv } from './env.ts';

test.for([
  [
    'http::addr=h:9000;username=u;password=a;;b c;tls_verify=on;',
    'http::addr=h:9000;username=u;password=[redacted];tls_verify=on;',
  ],
  ['https::addr=h:9000;token=abc;', 'https::addr=h:9000;token=[redacted];'],
  ['postgresql://admin:quest@h:8812/qdb', 'postgresql://admin:[redacted]@h:8812/qdb'],
  ['redis://:secret@h:6379', 'redis://:[redacted]@h:6379'],
])('%s', ([value, shown]) => {
  expect(withoutSecrets(value as string)).toBe(shown);
});

test('tokens and keys are shown as given, never as values', () => {
  const env = readCliEnv({ FXTAPE_API_TOKEN: 'a-secret-token' });
  const shown = environmentInForce(env, ['A_KEY_THAT_NOBODY_SET']);
  expect(shown['A_KEY_THAT_NOBODY_SET']).toEqual({ value: '', from: 'not given' });
  expect(JSON.stringify(shown)).not.toContain('a-secret-token');
});
