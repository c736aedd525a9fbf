// The commands of the request builder, run for real: curl by sh, TypeScript by Node with this project's client, Python with the vendor's SDK.
// What arrives at the gateway is exactly what stood in the form, whatever characters it holds; the key comes from the environment.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NODE_FLAGS } from '@fxtape/ops';
import {
  machineEnv,
  pythonWithSdk,
  SimulatedGateway,
  type TempDir,
  tempDir,
  until,
  WORKSPACE,
} from '@fxtape/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Asked,
  commandsOf,
  type ConsolePage,
  ID,
  KEY,
  NotingGateway,
  type SpelledCommands,
  startConsole,
} from './request-commands.ts';

const PASSWORD = `p"a\\s's $(id) 日 %s`;
const env = {
  ...machineEnv(),
  NO_PROXY: '127.0.0.1',
  FXSOCKET_API_KEY: KEY,
  BROKER_PASSWORD: PASSWORD,
};
const run = promisify(execFile);
const gateway = new NotingGateway();
let dir: TempDir;
let page: ConsolePage;
/** Inside the workspace, where the packages are found. */
let snippets: string;

beforeAll(async () => {
  dir = tempDir('commands');
  await gateway.start();
  page = await startConsole({ dir: dir.path, gateway: gateway.url });
  const parent = join(WORKSPACE, 'test', '.vitest');
  mkdirSync(parent, { recursive: true });
  snippets = mkdtempSync(join(parent, 'commands-'));
});
afterAll(async () => {
  await page?.service.kill();
  await gateway.close();
  rmSync(snippets, { recursive: true, force: true });
  await dir?.remove();
});

interface Case {
  readonly endpoint: string;
  readonly values: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly query?: Record<string, string>;
  /** As parsed JSON; of Python only what it names. */
  readonly body?: object;
  /** Stands in the body digit for digit. */
  readonly digits?: string;
}

const NASTY = [
  `a'b"c`,
  '$(touch pwned)`touch pwned`${HOME}',
  'two words\nand\ta line',
  '日本 😀 \u202e\u200b',
  '100%&=+#?/\\',
  '@/etc/passwd',
  '-rf',
  "';touch pwned;'",
  '{a,b}[1-3]*',
  '\\n\\',
];
const symbol = (text: string): Case => ({
  endpoint: 'GET /getQuote',
  values: { symbol: text },
  query: { symbol: text },
});
const bars = { symbol: 'EURUSD', timeframe: 'M5', from: '2026-06-22T00:00:00', to: '2026-06-23' };
const profit = { symbol: 'A', operation: 'Buy', volume: '0.10', priceOpen: '1.0800', priceClose: '1.09' };
const send = {
  symbol: NASTY[0] as string,
  operation: 'BuyStopLimit',
  volume: '0.10',
  price: '1.1',
  stopLimitPrice: '1.2',
  stopLoss: '1e-1',
  expiration: '2026-06-22',
  comment: NASTY[1] as string,
  expertId: '9007199254740993',
};
const CASES: readonly Case[] = [
  ...NASTY.map(symbol),
  {
    endpoint: 'GET /getQuote',
    values: { symbol: 'A', limit: '5' },
    query: { symbol: 'A', limit: '5' },
  },
  { endpoint: 'GET /Depth/{level}', values: { level: 'a b' }, path: `/mt5/${ID}/Depth/a b`, query: {} },
  {
    endpoint: 'POST /Alert',
    values: { text: NASTY[1] as string, rows: `[1,"a'b"]`, loud: 'true', big: '9007199254740993' },
    body: { text: NASTY[1], rows: [1, "a'b"], loud: true },
    digits: '9007199254740993',
  },
  { endpoint: 'GET /PriceHistory', values: bars, query: bars },
  { endpoint: 'GET /OrderHistory', values: {}, query: {} },
  { endpoint: 'GET /OrderHistory', values: { from: '2026-06-22' }, query: { from: '2026-06-22' } },
  {
    endpoint: 'GET /QuoteTicks',
    values: { symbol: NASTY[0] as string, from: '2026-06-22', to: '2026-06-23' },
    query: { symbol: NASTY[0] as string, from: '2026-06-22', to: '2026-06-23' },
  },
  {
    endpoint: 'POST /OrderSend',
    values: send,
    body: {
      symbol: send.symbol,
      operation: 'BuyStopLimit',
      volume: 0.1,
      price: 1.1,
      stopLimitPrice: 1.2,
      stopLoss: 0.1,
      expiration: '2026-06-22',
      comment: send.comment,
    },
    digits: '9007199254740993',
  },
  {
    endpoint: 'POST /OrderModify',
    values: { ticket: '9223372036854775807', stopLoss: '0', takeProfit: '1.5' },
    body: { stopLoss: 0, takeProfit: 1.5 },
    digits: '9223372036854775807',
  },
  {
    endpoint: 'POST /OrderClose',
    values: { ticket: '7', volume: '0.01' },
    body: { ticket: 7, volume: 0.01 },
  },
  { endpoint: 'POST /CloseAll', values: {}, body: {} },
  {
    endpoint: 'POST /CloseAll',
    values: { symbol: NASTY[6] as string, magic: '0', deletePending: 'false' },
    body: { symbol: NASTY[6], magic: 0, deletePending: false },
  },
  { endpoint: 'GET /v1/accounts/{id}', values: { id: ID }, path: `/v1/accounts/${ID}`, query: {} },
  { endpoint: 'GET /v1/accounts/{id}', values: { id: 'a b/c' }, path: '/v1/accounts/a b/c', query: {} },
  {
    endpoint: 'PATCH /v1/accounts/{id}',
    values: { id: ID, trade_ea_symbol: NASTY[0] as string },
    path: `/v1/accounts/${ID}`,
    body: { trade_ea_symbol: NASTY[0] },
  },
  {
    endpoint: 'PATCH /v1/accounts/{id}',
    values: { id: ID },
    path: `/v1/accounts/${ID}`,
    body: { trade_ea_symbol: '' },
  },
  { endpoint: 'DELETE /v1/accounts/{id}', values: { id: ID }, path: `/v1/accounts/${ID}`, query: {} },
  {
    endpoint: 'POST /v1/accounts',
    values: { server: NASTY[2] as string, login: '1150125' },
    path: '/v1/accounts',
    body: { server: NASTY[2], login: 1150125, password: PASSWORD },
  },
];

// As a string in the order of the query, so that digits count: 0.10 and 0.1 are the same number to the gateway.
const PROFIT: Case = { endpoint: 'GET /OrderCalcProfit', values: profit };

function expectArrived(asked: Asked | undefined, wanted: Case, language: 'exact' | 'python'): void {
  const what = `${language} ${wanted.endpoint} ${JSON.stringify(wanted.values)}`;
  const [method, path = ''] = wanted.endpoint.split(' ');
  expect(asked, what).toMatchObject({ method, path: wanted.path ?? `/mt5/${ID}${path}`, key: KEY });
  if (wanted.query !== undefined) expect(asked?.query, what).toEqual(wanted.query);
  if (wanted.digits !== undefined) expect(asked?.body, what).toContain(wanted.digits);
  if (wanted.body === undefined) return expect(asked?.body, what).toBe('');
  const body = JSON.parse(asked?.body ?? '') as Record<string, unknown>;
  if (language === 'python') return expect(body, what).toMatchObject(wanted.body);
  const beside = wanted.digits === undefined ? [] : ['expertId', 'ticket', 'big'];
  for (const name of beside) delete body[name];
  return expect(body, what).toEqual(wanted.body);
}

let spelled: Promise<SpelledCommands[]> | null = null;
/** Of CASES and PROFIT, in their order; what the gateway was asked on the way is forgotten. */
async function allCommands(): Promise<SpelledCommands[]> {
  spelled ??= Promise.all(
    [...CASES, PROFIT].map(({ endpoint, values }) => commandsOf(page.url, endpoint, values)),
  );
  const all = await spelled;
  gateway.take();
  return all;
}

test('no command holds the key or a password', async () => {
  const text = JSON.stringify(await allCommands());
  expect(text).not.toContain(KEY);
  expect(text).not.toContain(JSON.stringify(PASSWORD).slice(1, -1));
  expect(page.service.child.logs).not.toContain(KEY);
});

test('curl, by sh', async () => {
  const commands = await allCommands();
  for (const [i, wanted] of CASES.entries()) {
    await run('sh', ['-c', commands[i]?.shell ?? ''], { env, cwd: dir.path });
    const asked = gateway.take();
    expect(asked.length).toBe(1);
    expectArrived(asked[0], wanted, 'exact');
  }
  expect(readdirSync(dir.path)).not.toContain('pwned');
});

test('curl, with whatever characters', async () => {
  const special = fc.constantFrom(...Array.from(`'"\\$\`;&|%?#+=@!{}[]() \t\n\0aé日😀-`), '$(');
  const texts = fc.oneof(
    fc.string({ unit: special, minLength: 1 }),
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.string({ unit: 'grapheme', minLength: 1 }),
  );
  await fc.assert(
    fc.asyncProperty(texts, texts, async (text, comment) => {
      fc.pre(text.isWellFormed() && comment.isWellFormed());
      const quote = await commandsOf(page.url, 'GET /getQuote', { symbol: text });
      const order = { symbol: text, operation: 'Buy', volume: '1', comment };
      const sent = await commandsOf(page.url, 'POST /OrderSend', order);
      gateway.take();
      await run('sh', ['-c', `${quote.shell} && ${sent.shell}`], { env, cwd: dir.path });
      const [asked, body] = gateway.take();
      expect(asked?.query).toEqual({ symbol: text });
      expect(JSON.parse(body?.body ?? '')).toEqual({ ...order, volume: 1 });
    }),
    { numRuns: 20 },
  );
});

test('TypeScript compiles as it stands, and Node runs it with the client', async () => {
  const commands = await allCommands();
  for (const [i, { typescript }] of commands.entries())
    writeFileSync(join(snippets, `case-${i}.ts`), `${typescript}\n`);
  for (const topic of ['prices', 'bars', 'account', 'positions', 'trades', 'terminal']) {
    const { typescript } = await commandsOf(page.url, `topic ${topic}`, { symbol: `a'b`, timeframe: 'H4' });
    writeFileSync(join(snippets, `topic-${topic}.ts`), `${typescript}\n`);
  }
  writeFileSync(
    join(snippets, 'tsconfig.json'),
    JSON.stringify({ extends: join(WORKSPACE, 'tsconfig.base.json'), include: ['*.ts'] }),
  );
  const tsc = join(WORKSPACE, 'node_modules', 'typescript', 'bin', 'tsc');
  const compiled = run(process.execPath, [tsc, '-p', join(snippets, 'tsconfig.json')]).catch(
    (error: { stdout: string }) => error,
  );
  gateway.take();
  const runner = commands.map((_command, i) => `await import('./case-${i}.ts');`).join('\n');
  writeFileSync(join(snippets, 'run.mjs'), runner);
  await run(process.execPath, [...NODE_FLAGS, join(snippets, 'run.mjs')], { env });
  const asked = gateway.take();
  expect(asked.length).toBe(commands.length);
  for (const [i, wanted] of CASES.entries()) expectArrived(asked[i], wanted, 'exact');
  expect(asked.at(-1)?.query).toEqual({ ...profit, volume: '0.1', priceOpen: '1.08' });
  expect((await compiled).stdout).toBe('');
});

test('Python, with the SDK of the vendor', async () => {
  const python = await pythonWithSdk();
  const commands = await allCommands();
  const runner = [
    'import json, sys',
    'for text in json.load(open(sys.argv[1])):',
    '    exec(compile(text, "snippet", "exec"), {"__name__": "__main__"})',
  ].join('\n');
  const file = join(dir.path, 'snippets.json');
  writeFileSync(file, JSON.stringify(commands.map((command) => command.python)));
  await run(python, ['-c', runner, file], { env, cwd: dir.path });
  const asked = gateway.take();
  expect(asked.length).toBe(commands.length);
  for (const [i, wanted] of CASES.entries()) expectArrived(asked[i], wanted, 'python');
  expect(asked.at(-1)?.query).toEqual({ ...profit, volume: '0.1', priceOpen: '1.08' });
});

test('subscriptions: sh, TypeScript and Python each print ticks of the simulated gateway', async () => {
  const scenario = {
    accounts: [{ id: ID }],
    source: { kind: 'market', ticksPerSecond: 200, symbols: ['BTCUSD'] },
  };
  const simulator = await SimulatedGateway.start({ dir: dir.path, scenario });
  const second = tempDir('commands-stream');
  const streaming = { ...env, FXSOCKET_API_KEY: 'fxs_ro_demo' };
  let console_: ConsolePage | null = null;
  let child: ChildProcess | null = null;
  try {
    console_ = await startConsole({ dir: second.path, gateway: simulator.url, key: 'fxs_ro_demo' });
    const commands = await commandsOf(console_.url, 'topic prices', { symbol: 'BTCUSD' });
    const script = join(snippets, 'stream.ts');
    writeFileSync(script, commands.typescript);
    const ways: readonly [string, readonly string[], RegExp][] = [
      ['sh', ['-c', `exec ${commands.shell}`], /"type":"tick".*BTCUSD[\s\S]*"bid":/],
      [process.execPath, [...NODE_FLAGS, script], /bid: \d/],
      [await pythonWithSdk(), ['-u', '-c', commands.python], /Tick\(symbol='BTCUSD'/],
    ];
    for (const [command, args, wanted] of ways) {
      let printed = '';
      child = spawn(command, args, { env: streaming, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (text) => (printed += String(text)));
      const ended = new Promise((resolve) => child?.once('close', resolve));
      await until(() => wanted.test(printed) || (child?.exitCode !== null && stopped(command, printed)), {
        what: `a tick printed by ${command}`,
        deadlineMs: 30_000,
      });
      child.kill('SIGKILL');
      await ended;
    }
  } finally {
    child?.kill('SIGKILL');
    await console_?.service.kill();
    await simulator.kill();
    await second.remove();
  }
});

function stopped(command: string, printed: string): never {
  throw new Error(`${command} ended before it printed a tick:\n${printed}`);
}
