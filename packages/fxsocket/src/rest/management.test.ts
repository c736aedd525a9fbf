import { expect, test } from 'vitest';
import { accountUrls } from './management.ts';

const BASE = 'https://api.fxsocket.com/';
const row = (more: object) => ({
  id: 'an id',
  platform: 'mt5',
  server: 's',
  login: 1,
  status: 'connected',
  ...more,
});

test.each([
  [{}, 'https://api.fxsocket.com/mt5/an%20id', 'wss://api.fxsocket.com/mt5/an%20id/ws'],
  [
    { rest_url: '', ws_url: '' },
    'https://api.fxsocket.com/mt5/an%20id',
    'wss://api.fxsocket.com/mt5/an%20id/ws',
  ],
  [{ rest_url: 'https://10.0.0.1/x/' }, 'https://10.0.0.1/x/', 'wss://10.0.0.1/x/ws'],
  [
    { rest_url: 'http://127.0.0.1:1/x', ws_url: 'ws://127.0.0.1:1/y' },
    'http://127.0.0.1:1/x',
    'ws://127.0.0.1:1/y',
  ],
])('%j', (more, restUrl, wsUrl) => {
  expect(accountUrls(row(more), BASE)).toEqual({ restUrl, wsUrl });
});

test.each([
  [{ ws_url: 'pending' }, 'ws_url of account "an id" is not an address: "pending"'],
  [{ ws_url: 'https://a/ws' }, 'ws_url of account "an id" must begin with ws:// or wss://'],
  [{ rest_url: '/mt5/x' }, 'rest_url of account "an id" is not an address: "/mt5/x"'],
  [{ rest_url: 'http://10.0.0.1/x' }, 'rest_url of account "an id" is plain HTTP (http://10.0.0.1)'],
  [{ ws_url: 'ws://10.0.0.1/x' }, 'ws_url of account "an id" is plain HTTP (ws://10.0.0.1)'],
])('%j is refused before a key is sent there', (more, message) => {
  expect(() => accountUrls(row(more), BASE)).toThrow(
    expect.objectContaining({
      code: 'FXSOCKET_ADDRESS',
      message: expect.stringContaining(message) as string,
    }),
  );
});

test('without TLS where that is said', () => {
  const urls = { rest_url: 'http://10.0.0.1/x', ws_url: 'ws://10.0.0.1/x/ws' };
  expect(accountUrls(row(urls), BASE, { allowHttp: true })).toEqual({
    restUrl: urls.rest_url,
    wsUrl: urls.ws_url,
  });
  expect(accountUrls(row({}), 'http://simulator:7080', { allowHttp: true }).wsUrl).toBe(
    'ws://simulator:7080/mt5/an%20id/ws',
  );
});
