// No platform runs the recorder on a Node that lacks fixes: what the set-up brings is at least its floor.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Plain JavaScript: it runs before anything is installed. */
const floor = new URL('../../scripts/node-floor.mjs', import.meta.url).href;
const { OLDEST_RUNTIME, isNewEnough } = (await import(floor)) as {
  OLDEST_RUNTIME: string;
  isNewEnough(this: void, version: string): boolean;
};
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  optionalDependencies: Record<string, string>;
};

test.for(Object.entries(manifest.optionalDependencies))('%s %s is new enough', ([, version]) => {
  expect(isNewEnough(version)).toBe(true);
});

test('versions are compared as numbers, part by part', () => {
  const [major = 0, minor = 0, patch = 0] = OLDEST_RUNTIME.split('.').map(Number);
  for (const [version, enough] of [
    [`v${OLDEST_RUNTIME}\n`, true],
    [`v${major}.${minor}.${patch - 1}`, false],
    [`v${major}.0.0`, false],
    [`v${major}.9.99`, false],
    [`v${major}.${minor + 100}.0`, true],
    [`v${major - 1}.99.99`, false],
    [`v${major + 1}.0.0`, true],
    ['', false],
  ] as const)
    expect([version, isNewEnough(version)]).toEqual([version, enough]);
});
