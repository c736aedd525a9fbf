// A request as a program in Python. In: the account and the filled-in request. Out: a script with the vendor's SDK, version 0.8.0; with httpx,
// which comes with it, where the SDK has no method or would send something else. It reads the key from its variable.
import { addressOf, hasBody, placed, verifiesTls } from './address.ts';
import { pythonMethods } from './client-methods.ts';
import type { Target } from './endpoint.ts';
import type { Filled, Value } from './fill-in.ts';
import { pythonText } from './literals.ts';
import { secretVariable } from './variables.ts';

const INSTALL = '# pip install fxsocket==0.8.0';

export function pythonSnippet(target: Target, filled: Filled): string {
  if (filled.endpoint.base === 'socket') return stream(target, filled);
  const method = filled.endpoint.operation === null ? undefined : pythonMethods[filled.endpoint.operation];
  const reason = method === undefined ? 'has no method for this' : differs(filled);
  return method === undefined || reason !== null
    ? plain(target, filled, reason ?? '')
    : withSdk(target, filled, method);
}

/** Why the SDK would not send what was asked for; null: it does. */
function differs({ endpoint, values }: Filled): string | null {
  if (values.some(({ field }) => field.extra)) return 'does not take all of these parameters';
  if (placed(values, 'path').some(({ text }) => encodeURIComponent(text) !== text))
    return 'does not encode this part of the address';
  const pending = values.find(({ field }) => field.name === 'deletePending');
  if (endpoint.operation === 'closeAll' && pending?.text === 'false')
    return 'omits deletePending when it is false';
  return null;
}

function withSdk(target: Target, filled: Filled, method: string): string {
  const terminal = method.startsWith('terminal.');
  const [client, name] = terminal ? ['TerminalClient', 'terminal'] : ['Client', 'fx'];
  const given = filled.values.map((value) => argumentOf(value, method));
  const one = `${method}(${given.join(', ')})`;
  const call =
    one.length <= 80
      ? [`    print(${one})`]
      : [
          '    print(',
          `        ${method}(`,
          ...given.map((each) => `            ${each},`),
          '        )',
          '    )',
        ];
  return lines(
    INSTALL,
    'import os',
    '',
    `from fxsocket import ${client}`,
    '',
    `with ${client}(`,
    `    base_url=${pythonText(terminal ? target.restUrl : target.managementUrl)},`,
    `    api_key=os.environ["${target.keyVariable}"],`,
    ...(terminal ? [`    platform=${pythonText(target.platform)},`] : []),
    ...(verifiesTls(target, filled) ? [] : ['    verify=False,']),
    `) as ${name}:`,
    ...call,
  );
}

function argumentOf(value: Value, method: string): string {
  const { field, text } = value;
  // Here a zero would be refused: taking a level away has a name of its own.
  if (method === 'terminal.order_modify' && /^(stopLoss|takeProfit)$/.test(field.name) && Number(text) === 0)
    return `clear_${argumentName(field.name)}=True`;
  if (field.place === 'path') return valueOf(value);
  return `${argumentName(field.name)}=${valueOf(value)}`;
}

function argumentName(name: string): string {
  if (name === 'from') return 'from_';
  if (name === 'expertId') return 'magic';
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function valueOf({ field, text }: Value): string {
  if (field.secret) return `os.environ["${secretVariable(field)}"]`;
  switch (field.kind) {
    case 'text':
      return pythonText(text);
    case 'boolean':
      return text === 'true' ? 'True' : 'False';
    case 'json':
      return `json.loads(${pythonText(text)})`;
    default:
      return text;
  }
}

function stream(target: Target, { endpoint, values }: Filled): string {
  const args = values.map(valueOf).join(', ');
  return lines(
    INSTALL,
    'import asyncio',
    'import os',
    '',
    'from fxsocket import AsyncStream',
    '',
    '',
    'async def main():',
    '    async with AsyncStream(',
    `        ws_url=${pythonText(target.wsUrl)},`,
    `        api_key=os.environ["${target.keyVariable}"],`,
    `        platform=${pythonText(target.platform)},`,
    ...(target.tlsVerify ? [] : ['        verify=False,']),
    '    ) as stream:',
    `        await stream.subscribe_${endpoint.path}(${args})`,
    '        async for event in stream:',
    '            print(event)',
    '',
    '',
    'asyncio.run(main())',
  );
}

function plain(target: Target, filled: Filled, reason: string): string {
  const { method, needs } = filled.endpoint;
  const body = placed(filled.values, 'body');
  const json = body.map((value) => `${pythonText(value.field.name)}: ${valueOf(value)}`).join(', ');
  const key = needs !== 'nothing';
  return lines(
    `# The SDK ${reason}; httpx comes with it`,
    INSTALL,
    ...(body.some(({ field }) => field.kind === 'json') ? ['import json'] : []),
    ...(key ? ['import os', ''] : []),
    'import httpx',
    '',
    'answer = httpx.request(',
    `    "${method}",`,
    `    ${pythonText(addressOf(target, filled))},`,
    ...(key ? [`    headers={"X-API-Key": os.environ["${target.keyVariable}"]},`] : []),
    ...(hasBody(filled) ? [`    json={${json}},`] : []),
    ...(verifiesTls(target, filled) ? [] : ['    verify=False,']),
    '    timeout=30,',
    ')',
    'answer.raise_for_status()',
    'print(answer.text)',
  );
}

const lines = (...all: string[]): string => all.join('\n');
