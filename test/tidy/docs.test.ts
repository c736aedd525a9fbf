// What the pages say and what the code does: error codes, and the data dictionary.

import { tables } from '@fxtape/market';
import { expect, test } from 'vitest';
import { dataDictionary } from '../../scripts/make-docs.ts';
import { productFiles, read } from './tree.ts';

const productText = (): [string, string][] => productFiles().map((path) => [path, read(path)]);

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
