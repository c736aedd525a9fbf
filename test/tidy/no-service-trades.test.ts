// No service can trade, nor anything that a service depends on: shown from the dependency graph, and the check is shown to find what it looks for.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { partsOf, waysFromServices } from './dependency-graph.ts';
import { allCode, homeOf, importsOf, productFiles, read, ROOT } from './tree.ts';

const TRADING = '@fxtape/fxsocket-trading';
const TRANSPORT = '@fxtape/fxsocket/transport';
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test('no service leads to the package that trades', () => {
  const parts = partsOf(ROOT);
  expect(parts.map(({ name }) => name)).toContain(TRADING);
  expect(parts.filter(({ home }) => home.startsWith('services/')).length).toBeGreaterThan(3);
  expect(waysFromServices(parts, TRADING)).toEqual([]);
  // The same question about a package that services do need has an answer.
  expect(waysFromServices(parts, '@fxtape/fxsocket').length).toBeGreaterThan(0);
});

/** A workspace of a service, a package between, and the package that trades. */
function workspace(texts: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'fxtape-graph-'));
  folders.push(root);
  const manifest = (name: string, needs: readonly string[] = []) =>
    JSON.stringify({ name, dependencies: Object.fromEntries(needs.map((each) => [each, 'workspace:*'])) });
  const all: Record<string, string> = {
    'services/collector/package.json': manifest('@fxtape/collector', ['@fxtape/jobs']),
    'packages/jobs/package.json': manifest('@fxtape/jobs'),
    'packages/fxsocket-trading/package.json': manifest(TRADING, ['@fxtape/fxsocket']),
    'packages/cli/package.json': manifest('@fxtape/cli', [TRADING, '@fxtape/collector']),
    ...texts,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('the check finds a declared dependency, one behind another package, and an import that nobody declared', () => {
  expect(waysFromServices(partsOf(workspace({})), TRADING)).toEqual([]);
  const declared = JSON.stringify({ name: '@fxtape/jobs', dependencies: { [TRADING]: '*' } });
  expect(waysFromServices(partsOf(workspace({ 'packages/jobs/package.json': declared })), TRADING)).toEqual([
    ['@fxtape/collector', '@fxtape/jobs', TRADING],
  ]);
  const dynamic = `const trading = await import('${TRADING}');`;
  expect(waysFromServices(partsOf(workspace({ 'services/collector/src/x.ts': dynamic })), TRADING)).toEqual([
    ['@fxtape/collector', TRADING],
  ]);
  const tested = { 'packages/jobs/src/x.test.ts': dynamic };
  expect(waysFromServices(partsOf(workspace(tested)), TRADING)).toEqual([]);
});

test('no mutating route is named in what runs, but where it is described, served or sent', () => {
  const mutating = /OrderSend|OrderModify|OrderClose|OrderDelete|CloseAll|PositionClose|PositionModify/;
  const allowed =
    /^services\/simulator\/|^packages\/fxsocket-trading\/|^packages\/fxsocket\/src\/(api\/|wire\/trading\.ts$|index\.ts$)/;
  for (const path of productFiles().filter((each) => !allowed.test(each)))
    expect(read(path), path).not.toMatch(mutating);
});

test('the client that reads knows one method, and only the package that trades reaches below it', () => {
  for (const path of productFiles().filter((each) => /^packages\/fxsocket\/src\/(?!api\/)/.test(each)))
    expect(read(path), path).not.toMatch(/method:\s*'(POST|PUT|PATCH|DELETE)'/);
  const users = allCode().filter((path) => importsOf(path).includes(TRANSPORT));
  expect([...new Set(users.map(homeOf))]).toEqual(['packages/fxsocket-trading']);
  // Inside its own package the exchange is used by the caller of GETs alone.
  const inside = productFiles().filter(
    (path) => path.startsWith('packages/fxsocket/') && /\bnew Transport\(/.test(read(path)),
  );
  expect(inside).toEqual(['packages/fxsocket/src/rest/call.ts']);
});

test('the package that trades depends on the client alone', () => {
  const outside = productFiles()
    .filter((path) => path.startsWith('packages/fxsocket-trading/'))
    .flatMap(importsOf)
    .filter((specifier) => !specifier.startsWith('.'));
  expect([...new Set(outside)].toSorted()).toEqual(['@fxtape/fxsocket', TRANSPORT]);
  const { dependencies } = JSON.parse(read('packages/fxsocket-trading/package.json')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies)).toEqual(['@fxtape/fxsocket']);
});
