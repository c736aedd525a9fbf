import { Agent as HttpAgent, createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { FxSocket } from './index.ts';

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const ROWS = [
  { id: 'a-1', nickname: 'first', platform: 'mt5', server: 's', login: 7, status: 'connected' },
  { id: 'b-2', nickname: '', platform: 'mt4', server: 's', login: 8, status: 'connected' },
];

/** Management, terminals and sockets of all accounts at one address. */
const gateway = async (rows: readonly object[] = ROWS) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${String(request.headers['x-api-key'])}`);
    if (request.url === '/v1/accounts') response.end(JSON.stringify(rows));
    else response.end('["EURUSD"]');
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    asked.push(`WS ${request.url}`);
    socket.on('message', (data) => {
      const { topic } = JSON.parse((data as Buffer).toString()) as { topic?: string };
      if (topic !== undefined) socket.send(JSON.stringify({ type: 'subscribed', topic, message: 'ok' }));
      if (topic === 'account') socket.send('{"type":"account","data":{"balance":1,"equity":2}}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, sockets, fx: new FxSocket({ apiKey: 'fxs_ro_secret', baseUrl }) };
};

test('from a key to the terminal and the live topics of an account; one client each, and close ends all', async () => {
  const { asked, fx, sockets } = await gateway();
  const account = await fx.account('first');
  expect(await fx.terminal(account).symbols()).toEqual(['EURUSD']);
  expect(fx.terminal(account)).toBe(fx.terminal(account));
  for await (const item of fx.feed(account).account())
    if (item.kind === 'data') {
      expect(item.data.equity).toBe(2);
      break;
    }
  expect(asked).toEqual([
    'GET /v1/accounts fxs_ro_secret',
    'GET /mt5/a-1/symbols fxs_ro_secret',
    'WS /mt5/a-1/ws?api_key=fxs_ro_secret',
  ]);
  await fx.close();
  await fx.close();
  await expect.poll(() => sockets.clients.size).toBe(0);
  expect(() => fx.terminal(account)).toThrow('closed');
});

test('an account is found by id, nickname or login, and by nothing when it is the only one', async () => {
  const { fx } = await gateway();
  for (const which of ['a-1', 'first', 7, '7']) expect((await fx.account(which)).id).toBe('a-1');
  for (const [which, said] of [
    ['nobody', 'the key does not reach a single account called "nobody": there are first, b-2'],
    [undefined, 'the key does not reach a single account: there are first, b-2'],
  ] as const)
    await expect(fx.account(which)).rejects.toMatchObject({ code: 'FXSOCKET_NOT_FOUND', message: said });
  const { fx: alone } = await gateway([ROWS[1] as object]);
  expect((await alone.account()).id).toBe('b-2');
  const { fx: none } = await gateway([]);
  await expect(none.account()).rejects.toThrow('it reaches none');
  await Promise.all([fx.close(), alone.close(), none.close()]);
});

test('the agent is used for the socket: the way through a proxy', async () => {
  const { asked, fx } = await gateway();
  const account = await fx.account('first');
  const { baseUrl } = fx.connection(account);
  const agent = new HttpAgent();
  let used = 0;
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...all: Parameters<typeof connect>) => {
    used += 1;
    return connect(...all);
  };
  await using through = new FxSocket({ apiKey: 'fxs_ro_secret', baseUrl: new URL(baseUrl).origin, agent });
  for await (const item of through.feed(account).account()) if (item.kind === 'data') break;
  expect(used).toBe(1);
  expect(asked.at(-1)).toContain('WS ');
  await fx.close();
});

test('an address that the list tells is looked at before the key goes there', async () => {
  const { fx } = await gateway([{ ...ROWS[0], rest_url: 'http://10.0.0.1/x', ws_url: 'pending' }]);
  const account = await fx.account();
  expect(() => fx.terminal(account)).toThrow(expect.objectContaining({ code: 'FXSOCKET_ADDRESS' }));
  expect(() => fx.feed(account)).toThrow(expect.objectContaining({ code: 'FXSOCKET_ADDRESS' }));
  await fx.close();
});
