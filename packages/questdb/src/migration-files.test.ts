import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTableSql } from './create-table-sql.ts';
import { readMigrations } from './migration-files.ts';
import { tables } from '@fxtape/market/tables';

test('the migrations create every table exactly as it is defined', async () => {
  const statements = (await readMigrations()).flatMap((migration) => migration.statements);
  for (const def of Object.values(tables)) expect(statements).toContain(createTableSql(def));
});

test('every statement may run twice', async () => {
  for (const { statements } of await readMigrations()) {
    for (const statement of statements) expect(statement).toMatch(/^CREATE (TABLE|VIEW) IF NOT EXISTS /);
  }
});

async function folder(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'fxtape-migrations-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

test('statements are split at the ends of lines, comments are left out, line endings do not matter', async () => {
  const text = "-- why\nSELECT ';' a;\n\nSELECT 2;\nSELECT 3";
  const unix = await folder({ '0001_a.sql': text, 'server.env': 'A=b' });
  const windows = await folder({ '0001_a.sql': text.replaceAll('\n', '\r\n') });
  const [migration] = await readMigrations(unix);
  expect(migration).toMatchObject({
    version: 1,
    name: 'a',
    statements: ["SELECT ';' a", 'SELECT 2', 'SELECT 3'],
  });
  expect(await readMigrations(windows)).toEqual([migration]);
  await Promise.all([unix, windows].map((dir) => rm(dir, { recursive: true })));
});

test.each([
  [{ '0002_a.sql': '' }],
  [{ '0001_a.sql': '', '0001_b.sql': '' }],
  [{ '0001_a.sql': '', '0003_b.sql': '' }],
  [{ 'a.sql': '' }],
])('a hole or a foreign name is refused: %o', async (files) => {
  const dir = await folder(files);
  await expect(readMigrations(dir)).rejects.toMatchObject({ code: 'MIGRATION_FILES' });
  await rm(dir, { recursive: true });
});
