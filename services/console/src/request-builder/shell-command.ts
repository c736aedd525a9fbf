// A request as a command of sh: curl for REST; for a topic the WebSocket that Node has, because the curl of most machines speaks none. In: the
// account and the filled-in request. Out: text to paste. Key and passwords come from variables.
import { addressOf, hasBody, placed, verifiesTls } from './address.ts';
import type { Target } from './endpoint.ts';
import type { Filled, Value } from './fill-in.ts';
import { jsonText, shellWord } from './literals.ts';
import { subscriptionText } from './subscription.ts';
import { secretVariable } from './variables.ts';

export function shellCommand(target: Target, filled: Filled): string {
  return filled.endpoint.base === 'socket' ? nodeCommand(target, filled) : curlCommand(target, filled);
}

function curlCommand(target: Target, filled: Filled): string {
  const { method, needs } = filled.endpoint;
  const parts = ['curl --silent --show-error --fail-with-body'];
  if (!verifiesTls(target, filled)) parts.push('--insecure');
  if (method !== 'GET') parts.push(`--request ${method}`);
  if (needs !== 'nothing') parts.push(`--header "X-API-Key: $${target.keyVariable}"`);
  if (hasBody(filled))
    parts.push(
      `--header 'Content-Type: application/json'`,
      `--data ${bodyWord(placed(filled.values, 'body'))}`,
    );
  parts.push(shellWord(addressOf(target, filled)));
  return parts.join(' \\\n  ');
}

/** One word of the shell. Where a password goes, the quotes are left, and what JSON needs escaped is escaped. */
function bodyWord(values: readonly Value[]): string {
  let word = '';
  let json = '{';
  for (const [i, { field, text }] of values.entries()) {
    json += `${i === 0 ? '' : ','}${jsonText(field.name)}:`;
    if (!field.secret) json += field.kind === 'text' ? jsonText(text) : text;
    else {
      const escaped = `"$(printf %s "$${secretVariable(field)}" | sed 's/[\\"]/\\\\&/g')"`;
      word += shellWord(`${json}"`) + escaped;
      json = '"';
    }
  }
  return word + shellWord(`${json}}`);
}

/** For Node 22 or newer. No comment stands in it: zsh takes none where commands are pasted. */
function nodeCommand(target: Target, filled: Filled): string {
  const insecure = target.tlsVerify ? '' : 'NODE_TLS_REJECT_UNAUTHORIZED=0 ';
  return [
    `${insecure}node --input-type=module --eval '`,
    'import { argv, env } from "node:process";',
    'const [address, frame] = argv.slice(1);',
    'const url = new URL(address);',
    `url.searchParams.set("api_key", env.${target.keyVariable} ?? "");`,
    'const socket = new WebSocket(url);',
    'socket.onopen = () => socket.send(frame);',
    'socket.onmessage = ({ data }) => console.log(data);',
    'socket.onclose = ({ code, reason }) => console.error("closed:", code, reason);',
    `' ${shellWord(target.wsUrl)} \\`,
    `  ${shellWord(subscriptionText(filled))}`,
  ].join('\n');
}
