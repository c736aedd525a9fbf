// The files of this repository, for the tests that look after its rules. In: nothing. Out: paths relative to the root with their text,
// and what each TypeScript file imports.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const SKIPPED = /(^|\/)(node_modules|dist|data|coverage|\.git|\.vitest)(\/|$)/;

/** What git keeps; in a copy without git everything that is there. */
const kept = ((): ReadonlySet<string> | null => {
  try {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
    return listed === '' ? null : new Set(listed.split('\0'));
  } catch {
    return null;
  }
})();

/** Paths that fit the patterns, sorted, with `/` between their parts. */
export function files(...patterns: string[]): string[] {
  const found = globSync(patterns, {
    cwd: ROOT,
    exclude: (path) => SKIPPED.test(path.replaceAll('\\', '/')),
  });
  const paths = found
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => (kept === null || kept.has(path)) && existsSync(join(ROOT, path)));
  return paths.toSorted();
}

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What packages and services run, without tests and what only tests use. */
export const productFiles = (): string[] =>
  files('packages/*/src/**/*.ts', 'services/*/src/**/*.{ts,js}').filter(
    (path) => !path.startsWith('packages/testkit/') && !path.endsWith('.test.ts'),
  );

export const allCode = (): string[] =>
  files(
    'packages/*/{src,testing}/**/*.ts',
    'services/*/{src,testing}/**/*.{ts,js}',
    'test/**/*.ts',
    'scripts/*.mjs',
  );

/** What a file imports, as written. */
export function importsOf(path: string): string[] {
  const text = read(path);
  const patterns = [
    /^(?:import|export)\b[^'"`;]*?from\s+'([^']+)'/gms,
    /^import\s+'([^']+)'/gm,
    /\bimport\(\s*'([^']+)'\s*\)/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] as string));
}

/** `packages/tape/src/x.ts` → `packages/tape`. */
export const homeOf = (path: string): string => path.split('/').slice(0, 2).join('/');
