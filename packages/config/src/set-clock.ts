// Writes an account's clock into the text of fxtape.yaml, and leaves everything else as it was, comments included. In: the text, the
// account's name, and a clock rule or `auto`. Out: the new text, which is a valid configuration again.
import { FxtapeError } from '@fxtape/ops';
import { isMap, isNode, isScalar, parseDocument } from 'yaml';
import { parseConfig } from './parse.ts';
import { unknownName } from './unknown-name.ts';

/** @throws CONFIG_INVALID when the text is not right already; ACCOUNT_UNKNOWN; CONFIG_NOT_EDITED. */
export function setClock(text: string, o: { path: string; account: string; rule: string }): string {
  const { accounts } = parseConfig(text, o.path);
  const index = accounts.findIndex(({ name }) => name === o.account);
  const known = accounts[index];
  if (known === undefined) {
    const names = accounts.map(({ name }) => name);
    throw unknownName('account', o.account, names);
  }
  const rule = JSON.stringify(o.rule);
  const value = known.clock.replayed ? `{ rule: ${rule}, replayed: true }` : rule;
  const written = withClock(text, parseDocument(text).getIn(['accounts', index], true), value);
  const after = parseConfig(written, o.path).accounts[index]?.clock;
  if (after?.rule !== o.rule || after.replayed !== known.clock.replayed) throw notEditable(o);
  return written;
}

/** In place of what stands there, or behind the name. */
function withClock(text: string, account: unknown, value: string): string {
  const splice = (from: number, to: number, put: string): string =>
    text.slice(0, from) + put + text.slice(to);
  if (!isMap(account)) return text;
  const [clockFrom, clockTo] = rangeOf(account.get('clock', true));
  if (clockFrom !== undefined) {
    const end = clockFrom + text.slice(clockFrom, clockTo).trimEnd().length;
    return splice(clockFrom, end, value);
  }
  const name = account.items.find(({ key }) => isScalar(key) && key.value === 'name');
  const [keyFrom] = rangeOf(name?.key);
  const [, nameTo] = rangeOf(name?.value);
  if (keyFrom === undefined || nameTo === undefined) return text;
  if (account.flow === true) return splice(nameTo, nameTo, `, clock: ${value}`);
  const lineEnd = text.indexOf('\n', nameTo);
  const at = lineEnd === -1 ? text.length : lineEnd;
  const indent = ' '.repeat(keyFrom - (text.lastIndexOf('\n', keyFrom) + 1));
  return splice(at, at, `\n${indent}clock: ${value}`);
}

const rangeOf = (node: unknown): readonly number[] => (isNode(node) && node.range ? node.range : []);

/** Anchors and aliases, mostly: what stands once may be meant twice. */
const notEditable = ({ account, path }: { account: string; path: string }): FxtapeError =>
  new FxtapeError({
    code: 'CONFIG_NOT_EDITED',
    message: `the account "${account}" uses YAML features (anchors, aliases) that a command cannot edit`,
    hint: `Write its clock into ${path} by hand`,
    context: { account, path },
  });
