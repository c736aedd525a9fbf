// The symbols of a terminal that lists a part of them and says that it is ready.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseConfig } from '@fxtape/config';
import { systemClock } from '@fxtape/ops';
import { afterEach, expect, test } from 'vitest';
import { GatewayWatch } from './gateway-watch.ts';

const { signal } = new AbortController();
const ID = '11111111-2222-4333-8444-555555555555';
let close = async (): Promise<void> => {};
afterEach(() => close());

/** `asked`: how often the list was asked for. */
async function watchOf(symbols: string) {
  const gateway = { listed: ['EURUSD'], asked: 0 };
  const answers: Record<string, () => unknown> = {
    AccountInfo: () => ({ login: 1, server: 's', currency: 'USD' }),
    status: () => ({
      status: 'ready',
      terminal: { alive: true },
      bridge: { symbolsSynced: true },
      broker: { connected: true },
      account: { loggedIn: true },
    }),
    symbols: () => {
      gateway.asked += 1;
      return gateway.listed;
    },
  };
  const server = createServer(({ url = '' }, response) => {
    const route = new URL(url, 'http://a').pathname.split('/').at(-1) ?? '';
    const row = { id: ID, platform: 'mt5', server: 's', login: 1, status: 'connected' };
    response.end(JSON.stringify(answers[route]?.() ?? row));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const time = { monoMs: 1_000_000 };
  const config = parseConfig(
    `{ accounts: [{ name: a, id: ${ID}, key: KEY, market_data: { symbols: [${symbols}] } }] }`,
    'fxtape.yaml',
  );
  const watch = new GatewayWatch(config.accounts[0] as (typeof config.accounts)[0], {
    keyOf: () => 'fxs_ro_secret',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock: { ...systemClock(), monoMs: () => time.monoMs },
  });
  close = async () => {
    await watch.close();
    server.close();
  };
  return { gateway, time, watch };
}

test.each(['EURUSD, BTCUSD', 'EURUSD, "BTC*"'])(
  '%s: what was not listed is soon looked for again',
  async (symbols) => {
    const { gateway, time, watch } = await watchOf(symbols);
    expect((await watch.view([], signal)).listed).toEqual(['EURUSD']);
    gateway.listed = ['EURUSD', 'BTCUSD'];
    time.monoMs += 60_000;
    expect((await watch.view([], signal)).listed).toEqual(['EURUSD', 'BTCUSD']);
  },
);

test('what the broker does not have is looked for more and more seldom', async () => {
  const { gateway, time, watch } = await watchOf('EURUSD, MISTYPED');
  for (let minute = 0; minute < 24 * 60; minute++) {
    await watch.view([], signal);
    time.monoMs += 60_000;
  }
  expect(gateway.asked).toBeGreaterThan(96);
  expect(gateway.asked).toBeLessThan(125);
});

test('where nothing lacks the list is asked for every fifteen minutes', async () => {
  const { gateway, time, watch } = await watchOf('EURUSD');
  for (let minute = 0; minute < 60; minute++) {
    await watch.view([], signal);
    time.monoMs += 60_000;
  }
  expect(gateway.asked).toBe(4);
});
