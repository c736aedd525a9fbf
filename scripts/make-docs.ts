// Writes what pages say of definitions in the code: `npm run docs`. A test says when a page is stale. In: the page. Out: the page, with
// writer, partition, keys and columns of each table as they are defined; everything around them is written by hand.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tables } from '../packages/market/src/tables/tables.ts';

export const DATA_DICTIONARY = fileURLToPath(new URL('../docs/data-dictionary.md', import.meta.url));

/** From the line of the writer to the end of the columns. */
const DEFINED = /^Writer: .*\n\n(?:\|.*\n)+/m;

/** Throws when a table has no section, or a section has no place for its columns. */
export function dataDictionary(page: string): string {
  return Object.values(tables).reduce((text, table) => {
    const from = text.indexOf(`\n## \`${table.name}\`\n`);
    if (from < 0) throw new Error(`docs/data-dictionary.md has no section for ${table.name}`);
    const to = text.indexOf('\n## ', from + 1);
    const section = text.slice(from, to);
    if (!DEFINED.test(section)) throw new Error(`the section of ${table.name} has no line "Writer: "`);
    return text.slice(0, from) + section.replace(DEFINED, () => definedOf(table)) + text.slice(to);
  }, page);
}

function definedOf(table: (typeof tables)[keyof typeof tables]): string {
  const keys: readonly string[] = table.keys;
  const rows = table.columns.map(
    ({ meaning, name, type }) =>
      `| \`${name}\`${keys.includes(name) ? ' 🔑' : ''} | ${type} | ${meaning} |\n`,
  );
  const partition = table.partition.toLowerCase();
  return `Writer: ${table.writer}. Partition: ${partition}. Keys: ${keys.join(', ')}.\n\n| column | type | meaning |\n| --- | --- | --- |\n${rows.join('')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(DATA_DICTIONARY, dataDictionary(readFileSync(DATA_DICTIONARY, 'utf8')));
