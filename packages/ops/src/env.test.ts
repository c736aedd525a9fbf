import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readEnv, readVariable } from './env.ts';

const schema = z.object({
  API_KEY: z.string().optional(),
  LEVEL: z.enum(['info', 'debug']).default('info'),
  PORT: z.coerce.number().int('must be a whole number').optional(),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'env-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('readEnv', () => {
  test('takes defaults, and an empty variable as not given', () => {
    expect(readEnv(schema, { API_KEY: '', LEVEL: '' })).toEqual({ LEVEL: 'info' });
  });

  test('NAME_FILE gives the trimmed content of the file', () => {
    const path = file('key', '  the-key\n\n');
    expect(readEnv(schema, { API_KEY_FILE: path }).API_KEY).toBe('the-key');
    expect(readVariable('API_KEY', { API_KEY_FILE: path, API_KEY: '' })).toBe('the-key');
  });

  test.for([
    ['both', { API_KEY: 'secret-value', API_KEY_FILE: '/nowhere' }, /API_KEY and API_KEY_FILE are both set/],
    [
      'missing file',
      { API_KEY_FILE: '/nowhere/at/all' },
      /API_KEY_FILE: cannot read \/nowhere\/at\/all \(ENOENT\)/,
    ],
    ['wrong value', { LEVEL: 'secret-value' }, /LEVEL: /],
    ['not a number', { PORT: 'secret-value' }, /PORT: /],
  ] as const)('%s is a sentence without the value', ([, env, sentence]) => {
    expect(() => readEnv(schema, env)).toThrow(
      expect.objectContaining({ code: 'ENV_INVALID', message: expect.stringMatching(sentence) }),
    );
    expect(() => readEnv(schema, env)).not.toThrow(/secret-value/);
  });

  test('an empty file is an error, not an empty secret', () => {
    const path = file('empty', '\n');
    expect(() => readEnv(schema, { API_KEY_FILE: path })).toThrow(/is empty/);
  });

  test('all problems are told at once', () => {
    expect(() => readEnv(schema, { LEVEL: 'x', PORT: 'y', API_KEY_FILE: '/nowhere' })).toThrow(
      /API_KEY.*LEVEL.*PORT/s,
    );
  });
});
