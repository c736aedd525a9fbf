// Writes what pages say of definitions in the code: `npm run docs`. A test says when a page is stale. In the data dictionary it writes the
// writer, partition, keys and columns of each table; everything around them is written by hand. docs/commands.md and docs/error-codes.md are
// generated whole.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodesOf } from '../packages/cli/src/exit-codes.ts';
import { commandsOf, program } from '../packages/cli/src/program.ts';
import { tables } from '../packages/market/src/tables/tables.ts';
import { errorCodesPage } from './error-codes-page.ts';

const COMMANDS = fileURLToPath(new URL('../docs/commands.md', import.meta.url));
const ERROR_CODES = fileURLToPath(new URL('../docs/error-codes.md', import.meta.url));
const DATA_DICTIONARY = fileURLToPath(new URL('../docs/data-dictionary.md', import.meta.url));

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

const COMMANDS_INTRO = `# Commands

\`npm run docs\` writes this page from \`packages/cli/src/program.ts\`.

In the project folder, run \`pnpm fxtape COMMAND\`, or \`npm run -s fxtape -- COMMAND\` if pnpm is not installed. Commands that print a result
have \`--json\` for programs. An error is one line: a stable [code](error-codes.md), what happened, and what to do. The exit code is then 1; a
command line that cannot be parsed exits with 64.

Commands that look at what runs find the addresses that \`fxtape up\` chose in its data folder (\`FXTAPE_DATA_DIR\`). Addresses and keys that
you gave to \`up\` as variables must be set for these commands too.
`;

/** The page of the command line. */
export function commandsPage(): string {
  return [COMMANDS_INTRO, ...commandsOf(program()).map(([name, command]) => sectionOf(name, command))].join(
    '\n',
  );
}

function sectionOf(name: string, command: ReturnType<typeof program>): string {
  const own = command.registeredArguments;
  const args = own.map((each) => (each.required ? ` <${each.name()}>` : ` [${each.name()}]`)).join('');
  const rows = [
    ...own.map((each) => rowOf(each.name(), each.description, each.argChoices)),
    ...command.options
      .filter((each) => !each.hidden)
      .map((each) => rowOf(each.flags, each.description, each.argChoices, each)),
  ];
  const description = command.description();
  const options = rows.length === 0 ? '' : `\n| option | meaning |\n| --- | --- |\n${rows.join('')}`;
  return `## \`${name}${args}\`\n\n${description[0]?.toUpperCase()}${description.slice(1)}.\n${options}\nExit codes: ${exitCodesOf(name)}.\n`;
}

function rowOf(
  name: string,
  description: string,
  choices: readonly string[] | undefined,
  o: { defaultValue?: unknown; defaultValueDescription?: string | undefined; mandatory?: boolean } = {},
): string {
  const notes = [
    description,
    ...(o.mandatory === true ? ['required'] : []),
    ...(choices === undefined ? [] : [`one of ${choices.map((each) => `\`${each}\``).join(', ')}`]),
    ...(o.defaultValue === undefined
      ? []
      : [`default: ${o.defaultValueDescription ?? JSON.stringify(o.defaultValue)}`]),
  ];
  return `| \`${name}\` | ${notes.join('; ').replaceAll('|', String.raw`\|`)} |\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(DATA_DICTIONARY, dataDictionary(readFileSync(DATA_DICTIONARY, 'utf8')));
  writeFileSync(COMMANDS, commandsPage());
  writeFileSync(ERROR_CODES, errorCodesPage());
}
