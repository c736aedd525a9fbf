import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = new URL('..', import.meta.url).pathname;
/** What they write past `out` they make visible themselves, or it is their own. */
const THEMSELVES = ['commands/backfill.ts', 'commands/sql.ts', 'commands/status.ts', 'commands/up.ts'];

test('every command prints by `out` and `err`', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  );
  const past = files.filter((name) =>
    /std(?:out|err)\.write\(|console\./.test(readFileSync(join(ROOT, name), 'utf8')),
  );
  expect(past.sort()).toEqual([...THEMSELVES, 'print/out.ts']);
});
