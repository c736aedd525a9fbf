// Linking against a real server: what goes out, what comes back, and that a password is in no error, however the gateway quotes it.
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { FxSocketAccounts, FxSocketTradingError } from './index.ts';
import { closeGateways, gateway } from '../testing/gateway.ts';

afterEach(closeGateways);
const ROW = {
  id: 'd04096e8-0000-4000-8000-000000000000',
  platform: 'mt5',
  server: 'ICMarkets-Demo',
  login: 1150125,
  status: 'connecting',
};
const PASSWORD = 'p"ä qz&q\\zq';
const link = { server: 'ICMarkets-Demo', login: 1150125, password: PASSWORD, proxy_auth: `me:${PASSWORD}2` };

const open = async (answer: Parameters<typeof gateway>[0]) => {
  const { asked, port } = await gateway(answer);
  const accounts = new FxSocketAccounts({ baseUrl: `http://127.0.0.1:${port}/`, apiKey: 'fxs_live_secret' });
  return { accounts, asked };
};
const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => new Error('it answered'),
    (reason: unknown) => reason,
  );

test('link, update, unlink', async () => {
  const { accounts, asked } = await open((response, { line }) => {
    if (line.startsWith('DELETE')) response.writeHead(204).end();
    else response.writeHead(line.startsWith('POST') ? 201 : 200).end(JSON.stringify(ROW));
  });
  expect(await accounts.link({ server: 'ICMarkets-Demo', login: 1150125, password: 'x' })).toMatchObject(ROW);
  expect(await accounts.update(ROW.id, { trade_ea_symbol: '' })).toMatchObject(ROW);
  expect(await accounts.unlink(ROW.id)).toBeUndefined();
  expect(asked.map(({ body, line }) => `${line} ${body}`)).toEqual([
    'POST /v1/accounts {"server":"ICMarkets-Demo","login":1150125,"password":"x"}',
    `PATCH /v1/accounts/${ROW.id} {"trade_ea_symbol":""}`,
    `DELETE /v1/accounts/${ROW.id} `,
  ]);
  await accounts.close();
});

test.for<[string, Parameters<typeof gateway>[0]]>([
  [
    'its own words',
    (response, { body }) => response.writeHead(400).end(JSON.stringify({ error: 'x', detail: body })),
  ],
  ['plain', (response) => response.writeHead(502).end(`<title>bad ${PASSWORD}</title>`)],
  ['in an address', (response) => response.writeHead(500).end(encodeURIComponent(PASSWORD))],
  ['in a field', (response) => response.writeHead(402).end(JSON.stringify({ error: 'no', given: PASSWORD }))],
  ['instead of an answer', (response, { body }) => response.writeHead(201).end(`x${body}`)],
])('the password is in no error: %s', async ([, answer]) => {
  const { accounts } = await open(answer);
  const error = await failure(accounts.link(link));
  expect(error).toBeInstanceOf(FxSocketTradingError);
  const all = inspect(error, { depth: 10 });
  for (const part of ['qz', 'zq', 'fxs_live']) expect(all).not.toContain(part);
  await accounts.close();
});

test('refusals are typed; a lost answer says which list to look into', async () => {
  let status = 409;
  const { accounts, asked } = await open((response) => {
    if (status === 0) response.destroy();
    else response.writeHead(status).end('{"error":"duplicate","detail":"Already linked."}');
  });
  expect(await failure(accounts.link(link))).toMatchObject({
    code: 'FXSOCKET_CONFLICT',
    serverCode: 'duplicate',
    outcome: 'not_applied',
  });
  status = 0;
  expect(await failure(accounts.link(link))).toMatchObject({
    outcome: 'unknown',
    findOut: { look: ['/v1/accounts'], by: { login: 1150125, server: 'ICMarkets-Demo' }, repeatable: false },
  });
  expect(await failure(accounts.unlink('a/b'))).toMatchObject({
    outcome: 'unknown',
    findOut: { repeatable: true },
  });
  expect(asked.map(({ line }) => line)).toEqual([
    'POST /v1/accounts',
    'POST /v1/accounts',
    'DELETE /v1/accounts/a%2Fb',
  ]);
  expect(await failure(accounts.link({ ...link, password: '' }))).toMatchObject({
    code: 'FXSOCKET_BAD_ARGUMENT',
  });
  await accounts.close();
});
