import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTableSql } from './create-table-sql.ts';
import { readMigrations } from './migration-files.ts';
import { tables } from '@fxtape/market/tables';

/** Statements that create tables, each with the columns that later migrations added at its end. */
function createdBy(statements: readonly string[]): string[] {
  const created = new Map<string, string>();
  for (const statement of statements) {
    const table = /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(statement)?.[1];
    if (table !== undefined) created.set(table, statement);
    const added = /^ALTER TABLE (\w+) ADD COLUMN IF NOT EXISTS (\w+ \w+)$/.exec(statement);
    if (added === null) continue;
    const [, name = '', column = ''] = added;
    const before = created.get(name) ?? '';
    created.set(
      name,
      before.replace('\n) TIMESTAMP(', () => `,\n  ${column}\n) TIMESTAMP(`),
    );
  }
  return [...created.values()];
}

test('the migrations make every table exactly as it is defined', async () => {
  const statements = (await readMigrations()).flatMap((migration) => migration.statements);
  for (const def of Object.values(tables)) expect(createdBy(statements)).toContain(createTableSql(def));
});

test('a column that a later migration adds is the last one', () => {
  const create = 'CREATE TABLE IF NOT EXISTS a (\n  ts TIMESTAMP\n) TIMESTAMP(ts) PARTITION BY DAY WAL';
  expect(createdBy([create, 'ALTER TABLE a ADD COLUMN IF NOT EXISTS b LONG'])).toEqual([
    create.replace('ts TIMESTAMP\n', 'ts TIMESTAMP,\n  b LONG\n'),
  ]);
});

test('every statement may run twice', async () => {
  for (const { statements } of await readMigrations()) {
    for (const statement of statements)
      expect(statement).toMatch(
        /^(CREATE (TABLE|VIEW) IF NOT EXISTS |ALTER TABLE \w+ ADD COLUMN IF NOT EXISTS )/,
      );
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
