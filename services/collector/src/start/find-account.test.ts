// Where an account is found: an address that the list leaves empty for a while is not another address.
import type { AccountConfig } from '@fxtape/config';
import { expect, test } from 'vitest';
import { findAccount } from './find-account.ts';

const config = { id: 'a', name: 'demo', allowHttp: false } as Partial<AccountConfig> as AccountConfig;
const address = { restUrl: 'https://10.0.0.1/x', wsUrl: 'wss://10.0.0.1/stream' };
const working = { server: 'Demo', login: 1, ...address };
const found = async (addresses: object, o: { working: typeof working | null }) => {
  const row = { id: 'a', platform: 'mt5', server: 'Demo', login: 1, status: 'connecting', ...addresses };
  const management = { account: async () => row, accounts: async () => [row] };
  const baseUrl = 'https://api.fxsocket.com';
  const { signal } = new AbortController();
  const { restUrl, wsUrl } = await findAccount({ config, management, baseUrl, bound: working, signal, ...o });
  return [restUrl, wsUrl];
};

test.each([
  [{}, working, [address.restUrl, address.wsUrl]],
  [{ rest_url: '', ws_url: '' }, working, [address.restUrl, address.wsUrl]],
  [{ rest_url: address.restUrl, ws_url: '' }, working, [address.restUrl, address.wsUrl]],
  [{ rest_url: 'https://10.0.0.2/x' }, working, ['https://10.0.0.2/x', 'wss://10.0.0.2/x/ws']],
  [{ ws_url: 'wss://10.0.0.2/y' }, working, [address.restUrl, 'wss://10.0.0.2/y']],
  [{ rest_url: '' }, null, ['https://api.fxsocket.com/mt5/a', 'wss://api.fxsocket.com/mt5/a/ws']],
])('%j', async (addresses, works, urls) => {
  expect(await found(addresses, { working: works })).toEqual(urls);
});
