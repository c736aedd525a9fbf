import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { questDbSettings, redisArguments, redisSettings } from './engine-settings.ts';

test('the settings that the tables count on are in infra', () => {
  expect(questDbSettings()).toMatchObject({
    QDB_LINE_AUTO_CREATE_NEW_TABLES: 'false',
    QDB_LINE_AUTO_CREATE_NEW_COLUMNS: 'false',
    QDB_CAIRO_O3_PARTITION_SPLIT_MIN_SIZE: '1000000',
  });
  expect(redisSettings()).toMatchObject({ appendonly: 'yes', 'maxmemory-policy': 'noeviction' });
});

test('Redis settings become arguments', () => {
  expect(redisArguments({ appendonly: 'yes', save: '""' })).toEqual(['--appendonly', 'yes', '--save', '']);
});

test('a line that is no pair is refused with its number', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'fxtape-settings-')), 'server.env');
  writeFileSync(file, '# comment\n\nQDB_A=1\nnonsense\n');
  expect(() => questDbSettings(file)).toThrow(/server\.env:4 is not KEY=VALUE/);
});
