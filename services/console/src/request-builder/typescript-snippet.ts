// A request as a program in TypeScript. In: the account and the filled-in request. Out: a module that Node runs as it stands, with this
// project's client; over `fetch` where the client has no method. It reads the key from its variable.
import { addressOf, hasBody, placed, verifiesTls } from './address.ts';
import { type TypeScriptMethod, typescriptMethods } from './client-methods.ts';
import type { Target } from './endpoint.ts';
import type { Filled, Value } from './fill-in.ts';
import { typescriptName, typescriptText } from './literals.ts';
import { secretVariable } from './variables.ts';

/** Without TLS, and not of this machine. */
const PLAIN = /^(http|ws):\/\/(?!127\.|localhost|\[::1\])/;
const CLIENT = `@fxtape/fxsocket`;
const TRADING = `${CLIENT}-trading`;
const ENV = "import { env } from 'node:process';";
const EXACT = BigInt(Number.MAX_SAFE_INTEGER);

export function typescriptSnippet(target: Target, filled: Filled): string {
  const { endpoint, values } = filled;
  if (endpoint.base === 'socket') return feed(target, filled);
  const method = endpoint.operation === null ? undefined : typescriptMethods[endpoint.operation];
  const beside = endpoint.needs === 'nothing' || values.some(({ field }) => field.extra);
  if (method === undefined || beside) return plain(target, filled);
  return withClient(target, filled, method);
}

function withClient(target: Target, filled: Filled, called: TypeScriptMethod): string {
  const changes = called.class === 'FxSocketTrading' || called.class === 'FxSocketAccounts';
  const management = called.class === 'FxSocketManagement' || called.class === 'FxSocketAccounts';
  const base = management ? target.managementUrl.replace(/\/v1$/, '') : target.restUrl;
  return lines(
    ENV,
    `import { ${called.class} } from '${changes ? TRADING : CLIENT}';`,
    '',
    `const client = new ${called.class}({`,
    ...options(target, filled, 'baseUrl', base),
    '});',
    'try {',
    `  console.log(await client.${called.method}(${argumentsOf(filled.values, called)}));`,
    '} finally {',
    '  await client.close();',
    '}',
  );
}

function argumentsOf(values: readonly Value[], called: TypeScriptMethod): string {
  const path = placed(values, 'path').map(valueOf);
  const rest = values.filter(({ field }) => field.place !== 'path');
  switch (called.takes) {
    case 'none':
      return '';
    case 'symbol':
      return rest.map(valueOf).join(', ');
    case 'id':
      return path.join(', ');
    case 'object':
      return objectOf(rest, called);
    case 'id and object':
      return [...path, objectOf(rest, called)].join(', ');
  }
}

function objectOf(values: readonly Value[], called: TypeScriptMethod): string {
  const members = values.flatMap((value) => membersOf(value, called)).map((member) => `    ${member},`);
  return members.length === 0 ? '{}' : ['{', ...members, '  }'].join('\n');
}

/** Zeros have names of their own in this client: a level that is taken away, and what is left out. */
function membersOf(value: Value, { method }: TypeScriptMethod): string[] {
  const { field, text } = value;
  const isZero = field.kind !== 'text' && Number(text) === 0;
  if (isZero && /^(stopLoss|takeProfit)$/.test(field.name)) {
    if (method === 'orderSend') return [];
    if (method === 'orderModify')
      return [field.name === 'stopLoss' ? 'clearStopLoss: true' : 'clearTakeProfit: true'];
  }
  if (isZero && method === 'orderClose' && field.name === 'volume') return [];
  return [`${typescriptName(field.name)}: ${valueOf(value)}`];
}

function valueOf({ field, text }: Value): string {
  if (field.secret) return `env['${secretVariable(field)}'] ?? ''`;
  if (field.kind === 'text') return typescriptText(text);
  // A number of JavaScript would round it.
  return field.kind === 'integer' && (BigInt(text) > EXACT || BigInt(text) < -EXACT) ? `${text}n` : text;
}

function feed(target: Target, filled: Filled): string {
  const { endpoint, values } = filled;
  const args = values.map(valueOf).join(', ');
  return lines(
    ENV,
    `import { FxFeed } from '${CLIENT}';`,
    '',
    'const feed = new FxFeed({',
    ...options(target, filled, 'url', target.wsUrl),
    '});',
    `for await (const item of feed.${endpoint.path}(${args})) {`,
    '  // Other items say where data may be missing: live, down, refused, dropped, lagged.',
    "  if (item.kind === 'data') console.log(item.data);",
    '  else console.error(item);',
    '}',
  );
}

const options = (target: Target, filled: Filled, address: string, url: string): string[] => [
  `  ${address}: ${typescriptText(url)},`,
  `  apiKey: env['${target.keyVariable}'] ?? '',`,
  ...(verifiesTls(target, filled) ? [] : ['  tlsVerify: false,']),
  ...(target.allowHttp && PLAIN.test(url) ? ['  allowHttp: true,'] : []),
];

function plain(target: Target, filled: Filled): string {
  const { method, needs } = filled.endpoint;
  const body = placed(filled.values, 'body');
  const headers = [
    ...(needs === 'nothing' ? [] : [`'X-API-Key': env['${target.keyVariable}'] ?? ''`]),
    ...(hasBody(filled) ? ["'Content-Type': 'application/json'"] : []),
  ];
  return lines(
    `// ${CLIENT} has no method for this${verifiesTls(target, filled) ? '' : '; run it with NODE_TLS_REJECT_UNAUTHORIZED=0'}`,
    ENV,
    '',
    `const answer = await fetch(${typescriptText(addressOf(target, filled))}, {`,
    `  method: '${method}',`,
    `  headers: { ${headers.join(', ')} },`,
    ...(hasBody(filled) ? [`  body: ${jsonBody(body)},`] : []),
    '});',
    'if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);',
    'console.log(await answer.text());',
  );
}

/** As JSON text where nothing is secret, so that every digit is sent as typed. */
function jsonBody(values: readonly Value[]): string {
  if (values.some(({ field }) => field.secret))
    return `JSON.stringify({ ${values.map((one) => `${typescriptName(one.field.name)}: ${valueOf(one)}`).join(', ')} })`;
  const members = values.map(
    ({ field, text }) =>
      `${JSON.stringify(field.name)}:${field.kind === 'text' ? JSON.stringify(text) : text}`,
  );
  return typescriptText(`{${members.join(',')}}`);
}

const lines = (...all: string[]): string => all.join('\n');
