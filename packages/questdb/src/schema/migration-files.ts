// The migrations in `infra/questdb`. In: the folder. Out: migrations in order, each with its statements and a checksum of its text, which
// must never change once it has run.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FxtapeError } from '@fxtape/ops';

export interface Migration {
  readonly version: number;
  /** File name without number and ending. */
  readonly name: string;
  /** SHA-256 of the text, hexadecimal; the kind of line ending does not matter. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

/** `infra/questdb` of this repository. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../../../../infra/questdb/', import.meta.url));

const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** Numbers run from 1 without holes. Errors: MIGRATION_FILES. */
export async function readMigrations(dir: string = MIGRATIONS_DIR): Promise<Migration[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).toSorted();
  const migrations: Migration[] = [];
  for (const file of names) {
    const match = FILE.exec(file);
    const version = Number(match?.[1]);
    if (match === null || version !== migrations.length + 1) {
      throw new FxtapeError({
        code: 'MIGRATION_FILES',
        message: `${file} does not fit: migrations are named NNNN_name.sql and numbered without a gap`,
        context: { file },
      });
    }
    const text = (await readFile(join(dir, file), 'utf8')).replaceAll('\r\n', '\n');
    migrations.push({
      version,
      name: match[2] ?? '',
      checksum: createHash('sha256').update(text).digest('hex'),
      statements: statementsOf(text),
    });
  }
  return migrations;
}

/** Statements end with a semicolon at the end of a line; lines that start with `--` are comments. */
function statementsOf(text: string): string[] {
  const code = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n');
  return code
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
