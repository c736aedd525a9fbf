// docs/error-codes.md, generated from the catalogues of error codes: that of fxtape (packages/ops) and that of the client packages.
import { errorCatalogue as clientErrors } from '../packages/fxsocket/src/errors.ts';
import { errorSections } from '../packages/ops/src/errors/catalogue.ts';
import type { Entry } from '../packages/ops/src/errors/entry.ts';

const HEAD = `# Error codes

Every error of fxtape has a stable code, a kind, and a sentence that says what to do. \`transient\`: it may work later, and the services retry
by themselves. \`terminal\`: it fails until somebody changes something. The other kinds stop nothing: a \`state\` is shown while it lasts, a
\`check\` is a finding of \`fxtape doctor\`, a \`warning\` is logged. This page is generated from \`packages/ops/src/errors\` by \`npm run docs\`.
`;

const CLIENT_HEAD = `
These are errors of REST calls. A refused upgrade of the stream is not an error but an item of the stream; the client keeps trying.
\`FXSOCKET_OUTCOME_UNKNOWN\` comes only from \`packages/fxsocket-trading\`.
`;

export function errorCodesPage(): string {
  const sections = Object.entries(errorSections).map(([title, entries]) => section(title, entries));
  return [HEAD, ...sections, section('FxSocket (`packages/fxsocket`)', clientErrors, CLIENT_HEAD)].join('\n');
}

function section(title: string, entries: Readonly<Record<string, Entry>>, head = ''): string {
  const rows = Object.entries(entries).map(
    ([code, { hint, kind, when }]) => `| \`${code}\` | ${kind} | ${when} | ${quoteNames(hint)} |\n`,
  );
  return `## ${title}\n${head}\n| code | kind | when | what to do |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

/** Hints are also shown on terminals, where variables stand without backticks. */
const quoteNames = (hint: string): string =>
  hint.replaceAll(/`[^`]*`|\b[A-Z]+(?:_[A-Z]+)+(?:=\w+)?/g, (name) =>
    name.startsWith('`') ? name : `\`${name}\``,
  );
