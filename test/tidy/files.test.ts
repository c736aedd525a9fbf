// Rules about single files: length, markers, the environment, machine paths, keys, links, descriptions.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { allCode, files, productFiles, read, ROOT } from './tree.ts';

const SELF = /^test\/tidy\//;
const tracked = (): string[] =>
  files(
    '*',
    '.ci/*',
    'docs/**/*',
    'infra/**/*',
    'packages/**/*',
    'services/**/*',
    'scripts/*',
    'test/**/*',
  ).filter(
    (path) =>
      path !== 'pnpm-lock.yaml' &&
      !SELF.test(path) &&
      /\.(ts|mjs|js|json|ya?ml|md|sql|env|conf|sh|html|css)$|(^|\/)(Dockerfile[^/]*|run|LICENSE|\.npmrc)$/.test(
        path,
      ),
  );

test('no file of the product is longer than 400 lines, no test longer than 600', () => {
  const long = allCode()
    .map((path) => [path, read(path).split('\n').length - 1] as const)
    .filter(([path, lines]) => lines > (path.endsWith('.test.ts') ? 600 : 400));
  expect(long).toEqual([]);
});

test('the environment is read in files called env.ts, and by the set-up', () => {
  const allowed = /\/env\.ts$|\/env\.test\.ts$|^scripts\/|^test\//;
  const readers = allCode().filter((path) => /process\.env\b/.test(read(path)) && !allowed.test(path));
  expect(readers).toEqual([]);
  expect(productFiles().filter((path) => /process\.env\b/.test(read(path)))).toEqual([
    'packages/cli/src/env.ts',
    'packages/ops/src/env.ts',
  ]);
});

test('nothing is left over', () => {
  const marks: string[] = [];
  for (const path of allCode().filter((each) => !SELF.test(each))) {
    for (const [i, line] of read(path).split('\n').entries()) {
      if (/\b(FIXME|XXX|HACK)\b/.test(line) || /\bTODO\b(?!.*\b(because|until|when)\b)/.test(line))
        marks.push(`${path}:${i + 1}`);
      // A skip that is decided at run time says why (context.skip); one in the source hides a test.
      if (/\b(test|it|describe)\.(only|skip|todo)\b/.test(line)) marks.push(`${path}:${i + 1}`);
      if (/\bdebugger\b;/.test(line)) marks.push(`${path}:${i + 1}`);
    }
  }
  expect(marks).toEqual([]);
});

test('no path of a machine and no name of a package registry stands anywhere', () => {
  const found: string[] = [];
  for (const path of tracked()) {
    const text = read(path);
    for (const pattern of [
      /(?<![\w.$}-])\/(work|root|Users)\/\w/,
      /(?<![\w.$}-])\/home\/(?!node\b|fxtape\b|\$)\w/,
      /registry\.npm|registry\.yarnpkg|jfrog|artifactory|repo1\.maven|repo\.maven/i,
    ])
      if (pattern.test(text)) found.push(`${path}: ${String(pattern.exec(text)?.[0])}`);
  }
  for (const path of productFiles())
    if (/['"`]\/tmp\b/.test(read(path))) found.push(`${path}: a literal /tmp`);
  expect(found).toEqual([]);
});

test('no key but those of the demonstration and of tests', () => {
  const shown = /^fxs_(live|ro)_(demo|secret|other|wrong\w*|of_nobody|abcdef\w*|A1|x+|…)?$/;
  for (const path of tracked())
    for (const [key] of read(path).matchAll(/fxs_(?:live|ro)_[A-Za-z0-9_]*/g))
      expect(key, path).toMatch(shown);
  for (const path of productFiles())
    for (const [key] of read(path).matchAll(/fxs_(?:live|ro)_[A-Za-z0-9_]+/g))
      expect(key, path).toMatch(/_demo$/);
});

test('every relative link in a page leads somewhere', () => {
  const broken: string[] = [];
  for (const path of files(
    '*.md',
    'docs/**/*.md',
    'packages/**/*.md',
    'services/**/*.md',
    'test/**/*.md',
    'infra/**/*.md',
  )) {
    const prose = read(path).replaceAll(/```[\s\S]*?```/g, '');
    for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:|^#/.test(target)) continue;
      if (!existsSync(join(ROOT, dirname(path), target.split('#')[0] as string)))
        broken.push(`${path}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('each package says what it is and under which licence', () => {
  for (const path of files('package.json', 'packages/*/package.json', 'services/*/package.json')) {
    const { description, license } = JSON.parse(read(path)) as { description?: string; license?: string };
    expect(license, path).toBe('MIT');
    expect(description?.length ?? 0, `${path}: description`).toBeGreaterThan(20);
  }
  // What is published carries its licence along.
  for (const name of ['fxsocket', 'fxsocket-trading'])
    expect(read(`packages/${name}/LICENSE`), name).toBe(read('LICENSE'));
});

test('each file opens with a comment that says what it is for', () => {
  const silent = productFiles().filter(
    (path) => !/^(#!.*\n)?(import type [^\n]+\n)?(\/\/|\/\*)/.test(read(path)),
  );
  expect(silent).toEqual([]);
});
