// The request builder in a real browser, against a console and a simulated gateway: from an empty form to a command and an answer, by mouse and
// by keyboard alone; what is wrong is said; nothing but the console is asked; the key is nowhere.
import { readFileSync } from 'node:fs';
import { browserProgram, SimulatedGateway, type TempDir, tempDir } from '@fxtape/testkit';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ConsolePage, ID, startConsole } from './request-commands.ts';

const KEY = 'fxs_ro_demo';
const TOKEN = 'a-token-for-the-page';
let dir: TempDir;
let gateway: SimulatedGateway;
let console_: ConsolePage;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** Everything that went wrong in the page, and every address that it asked. */
let complaints: string[];
let asked: string[];

beforeAll(async () => {
  const program = await browserProgram();
  dir = tempDir('request-page');
  const scenario = { accounts: [{ id: ID }], source: { kind: 'market', symbols: ['BTCUSD', 'ETHUSD'] } };
  gateway = await SimulatedGateway.start({ dir: dir.path, scenario });
  console_ = await startConsole({ dir: dir.path, gateway: gateway.url, key: KEY, token: TOKEN });
  browser = await chromium.launch({
    executablePath: program.path,
    env: definedOf(program.env),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
});
afterAll(async () => {
  await browser?.close();
  await console_?.service.kill();
  await gateway?.kill();
  await dir?.remove();
});
beforeEach(async () => {
  complaints = [];
  asked = [];
  context = await browser.newContext();
  page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
});
afterEach(() => context?.close());

const definedOf = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

async function open(url = console_.url): Promise<void> {
  await page.goto(`${url}/request?token=${TOKEN}`);
  await page.getByLabel('Request').locator('option').first().waitFor({ state: 'attached' });
}
const command = () => page.locator('#command');
const runButton = () => page.getByRole('button', { name: 'Run it here' });
const tab = (name: string) => page.getByRole('tab', { name });
const shows = (text: string | RegExp) => command().filter({ hasText: text }).waitFor();

test('from an empty form to a command, and to an answer', async () => {
  const bodies: string[] = [];
  page.on(
    'response',
    (response) =>
      void response.text().then(
        (text) => bodies.push(text),
        () => {},
      ),
  );
  await open();
  expect(new URL(page.url()).search).toBe('');
  expect(await page.locator('#source').textContent()).toMatch(/^From the account's OpenAPI document: \S/);

  await shows('once the form is complete: symbol is required');
  expect(await runButton().isDisabled()).toBe(true);
  await page.getByLabel('symbol').focus();
  await page.getByLabel('symbol').blur();
  await page.getByText('symbol is required', { exact: true }).waitFor();
  expect(await page.getByLabel('symbol').getAttribute('aria-invalid')).toBe('true');
  await expect.poll(() => page.locator('#symbols option').count()).toBe(2);

  await page.getByLabel('symbol').fill('BTCUSD');
  await shows(`'${gateway.url}/mt5/${ID}/getQuote?symbol=BTCUSD'`);
  expect(await command().textContent()).toContain('"X-API-Key: $FXSOCKET_API_KEY"');
  await tab('TypeScript').click();
  await shows("await client.quote('BTCUSD')");
  await tab('Python').click();
  await shows('terminal.quote(symbol="BTCUSD")');
  await runButton().click();
  await page.locator('#status').filter({ hasText: 'HTTP 200' }).waitFor();
  expect(JSON.parse((await page.locator('#answer').textContent()) ?? '')).toMatchObject({ symbol: 'BTCUSD' });

  // What was chosen comes back after a reload; it stands behind the #, which is sent to nobody.
  await page.reload();
  await shows('symbol=BTCUSD');
  expect(complaints).toEqual([]);
  expect(asked.filter((url) => !url.startsWith(`${console_.url}/request`))).toEqual([]);
  const seen = [await page.content(), ...bodies, ...asked.slice(1), console_.service.child.logs].join('\n');
  expect(seen).not.toContain(KEY);
  expect(seen).not.toContain(TOKEN);
  expect(readFileSync(console_.service.child.logFile, 'utf8')).toContain('ran a request');
});

test('an answer is text, whatever it holds; an error of the gateway is shown as it came', async () => {
  await open();
  const markup = '<img src=x onerror="document.title=1">&amp;';
  await page.getByLabel('symbol').fill(markup);
  await shows('symbol=%3Cimg%20src%3Dx');
  await runButton().click();
  await page.locator('#status').filter({ hasText: 'HTTP 500' }).waitFor();
  expect(await page.locator('#answer').textContent()).toContain('"error": "MRPC"');
  // In the page itself the text of a field goes into commands and notes.
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.title()).toBe('fxtape: request builder');
  expect(complaints).toEqual([]);
});

test('by keyboard alone', async () => {
  await open();
  await page.keyboard.press('Tab');
  expect(await page.locator('#account:focus').count()).toBe(1);
  await page.keyboard.press('Tab');
  await page.keyboard.type('/PriceH');
  await page.getByLabel('timeframe').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.type("A'B");
  await page.keyboard.press('Tab');
  await page.keyboard.type('H4');
  await page.keyboard.press('Tab');
  await page.keyboard.type('2026-06-22T00:00:00Z');
  await page
    .getByText("from is the broker's wall clock and has no zone: leave it out", { exact: true })
    .waitFor();
  await page.keyboard.press('Backspace');
  await shows('from=2026-06-22T00%3A00%3A00');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  expect(await page.locator('#tab-shell:focus').count()).toBe(1);
  await page.keyboard.press('ArrowRight');
  await shows("symbol: 'A\\'B'");
  await page.keyboard.press('ArrowRight');
  await shows(`terminal.price_history(`);
  await page.keyboard.press('ArrowRight');
  await shows("symbol=A'\\''B&timeframe=H4");
  expect(complaints).toEqual([]);
});

test('what changes something is spelled and never sent; fields tell what they take', async () => {
  await open();
  await page.getByLabel('Request').selectOption('POST /OrderSend');
  await page.getByText('changes data; needs a full key').waitFor();
  await page.getByLabel('symbol').fill('BTCUSD');
  await page.getByLabel('operation').selectOption('BuyLimit');
  await page.getByLabel('volume').fill('0');
  await page.getByText('volume must be more than 0', { exact: true }).waitFor();
  await page.getByLabel('volume').fill('0.1');
  await page.getByText('price must be above 0 for BuyLimit', { exact: true }).waitFor();
  await page.getByLabel('price', { exact: false }).first().fill('60000');
  await page.getByLabel('expertId').fill('9007199254740993');
  await shows('"expertId":9007199254740993');
  expect(await runButton().isDisabled()).toBe(true);
  expect(await page.locator('#run-note').textContent()).toMatch(/^The console only reads/);
  await page.getByLabel('Request').selectOption('POST /v1/accounts');
  await page.getByLabel('server').fill('Broker-Demo');
  await page.getByLabel('login').fill('1150125');
  await shows('$BROKER_PASSWORD');
  expect(await page.getByLabel('password').isEditable()).toBe(false);
  expect(complaints).toEqual([]);
});

test('a subscription in three languages, and Copy takes what is shown', async () => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open();
  await page.getByLabel('Request').selectOption('topic bars');
  await page.getByLabel('symbol').fill('BTCUSD');
  await page.getByLabel('timeframe').selectOption('M5');
  await shows('{"action":"subscribe","topic":"bars","symbol":"BTCUSD","timeframe":"M5"}');
  expect(await tab('Shell').getAttribute('aria-selected')).toBe('true');
  expect(await page.locator('#variables').textContent()).toBe(
    'It reads $FXSOCKET_API_KEY from your environment. It needs Node 22 or newer; Ctrl-C stops it.',
  );
  await tab('Python').click();
  await shows('await stream.subscribe_bars("BTCUSD", "M5")');
  await tab('TypeScript').click();
  await shows("feed.bars('BTCUSD', 'M5')");
  expect(await runButton().isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await command().textContent());
  expect(complaints).toEqual([]);
});

test('without the gateway: our own document, said visibly, and commands all the same', async () => {
  const other = tempDir('request-page-alone');
  const alone = await startConsole({
    dir: other.path,
    gateway: 'http://127.0.0.1:9',
    key: KEY,
    token: TOKEN,
  });
  try {
    await open(alone.url);
    const source = page.locator('#source');
    expect(await source.textContent()).toMatch(/^This is the client's own document, .*FXSOCKET_UNREACHABLE/);
    expect(await source.getAttribute('class')).toContain('warn');
    await page.getByLabel('symbol').fill('BTCUSD');
    await shows('/getQuote?symbol=BTCUSD');
    await runButton().click();
    await page.locator('#status').filter({ hasText: 'REQUEST_FAILED' }).waitFor();
    // The browser itself notes that the console answered 502; nothing else went wrong.
    expect(complaints.filter((text) => !text.includes('502'))).toEqual([]);
  } finally {
    await alone.service.kill();
    await other.remove();
  }
});
