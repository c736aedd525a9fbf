// What the pages say and what the code does: error codes, the data dictionary, commands, glossary and map.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tables } from '@fxtape/market';
import { expect, test } from 'vitest';
import { errorCodesPage } from '../../scripts/error-codes-page.ts';
import { commandsPage, dataDictionary } from '../../scripts/make-docs.ts';
import { files, productFiles, ROOT, read } from './tree.ts';

/** The catalogues define codes; the rest of the code uses them. */
const catalogue = /^packages\/(ops\/src\/errors\/|fxsocket\/src\/errors\.ts$)/;
const productText = (): [string, string][] =>
  productFiles()
    .filter((path) => !catalogue.test(path))
    .map((path) => [path, read(path)]);

test('the page of error codes is generated from the catalogues', () => {
  const page = read('docs/error-codes.md');
  expect(page, 'docs/error-codes.md is stale: npm run docs').toBe(errorCodesPage());
  const codes = [...page.matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map((match) => match[1]);
  expect(codes, 'a code is in two sections').toEqual([...new Set(codes)]);
});

test('every code that is thrown is documented, and every documented one is in the code', () => {
  const documented = new Set(
    [...read('docs/error-codes.md').matchAll(/^\| `([A-Z][A-Z0-9_]+)`/gm)].map((match) => match[1] as string),
  );
  // Codes of the operating system and of the gateway are passed on, not ours.
  const foreign = /^(E[A-Z]{3,}|MRPC\w*)$/;
  const ours =
    /'((?:ENGINE|QDB|TAPE|CONFIG|MIGRATION|FXSOCKET|ACCOUNT|CLOCK|COLLECTOR|HTTP|JOB|QUEUE)_[A-Z_]+)'/g;
  const variables = /_(API_KEY|BASE_URL|CLIENT_CONF|PG_URL|URL|DIR|ADDR|TOKEN|CONFIG)$/;
  const missing = new Set<string>();
  let all = '';
  for (const [path, text] of productText()) {
    all += text;
    const codes = [...text.matchAll(/\bcode: '([A-Z][A-Z0-9_]+)'/g), ...text.matchAll(ours)].map(
      (match) => match[1] as string,
    );
    for (const code of codes)
      if (!documented.has(code) && !foreign.test(code) && !variables.test(code))
        missing.add(`${code} in ${path}`);
  }
  expect([...missing]).toEqual([]);
  expect([...documented].filter((code) => !new RegExp(`\\b${code}\\b`).test(all))).toEqual([]);
});

test('the data dictionary says what the tables are, and nothing else', () => {
  const page = read('docs/data-dictionary.md');
  expect(page, 'docs/data-dictionary.md is stale: npm run docs').toBe(dataDictionary(page));
  const sections = page.split(/^## /m).slice(1);
  const described = new Map(sections.map((text) => [/^`(\w+)`/.exec(text)?.[1] ?? '', text]));
  for (const name of Object.keys(tables)) expect(described.get(name), name).toMatch(/```sql\n/);
  expect([...described.keys()].filter((name) => name !== '').toSorted()).toEqual(
    [...Object.keys(tables), 'gaps', 'outages', 'schema_migrations'].toSorted(),
  );
});

test('the page of commands is what the command line knows', () => {
  expect(read('docs/commands.md'), 'docs/commands.md is stale: npm run docs').toBe(commandsPage());
});

test('every word of the glossary is used in the code or on another page', () => {
  const words = [...read('docs/glossary.md').matchAll(/^\| \*\*`?(.+?)`?\*\*/gm)].map(
    (match) => match[1] as string,
  );
  expect(words.length).toBeGreaterThan(20);
  const pages = files('*.md', 'docs/**/*.md').filter((path) => path !== 'docs/glossary.md');
  const text = [...productFiles(), ...pages].map(read).join('\n').toLowerCase();
  expect(words.filter((word) => !text.includes(word.toLowerCase()))).toEqual([]);
});

test('what the pages name exists: paths, links, and what the map greps for', () => {
  const missing = files('{README,ARCHITECTURE,CONTRIBUTING}.md', 'docs/*.md').flatMap((page) => {
    const text = read(page);
    const paths = text.matchAll(/`((?:packages|services|infra|test|docs|scripts|config)\/[\w./-]+)`/g);
    const links = text.matchAll(/\]\((?!https?:|#)([^)#]+)/g);
    return [
      ...[...paths].map((match) => match[1] as string),
      ...[...links].map((match) => join(dirname(page), match[1] as string)),
    ]
      .filter((path) => !path.includes('NNNN') && !existsSync(join(ROOT, path)))
      .map((path) => `${path} on ${page}`);
  });
  expect(missing).toEqual([]);
  const product = productFiles().map(read).join('\n');
  const grepped = [...read('docs/map.md').matchAll(/`git grep '([^']+)'`/g)].map(
    (match) => match[1] as string,
  );
  expect(grepped.filter((word) => !product.includes(word))).toEqual([]);
});
