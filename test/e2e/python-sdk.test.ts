// The vendor's own Python SDK cannot tell the simulated gateway from the real one: it lists, links and removes accounts, reads every route,
// streams every topic, trades, and gets its typed errors. It is installed as anybody would, once, and is not changed.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readingRoutes } from '@fxtape/fxsocket';
import { DEMO_ACCOUNT_ID, type Simulator, startSimulator } from '@fxtape/simulator';
import { pythonWithSdk } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MT4_ID = '11111111-2222-4333-8444-555555555555';
const CONTROL_KEY = 'fxs_control_test';
const run = promisify(execFile);

let simulator: Simulator;
let python: string;

beforeAll(async () => {
  python = await pythonWithSdk();
  simulator = await startSimulator(
    {
      accounts: [{ id: DEMO_ACCOUNT_ID }, { id: MT4_ID, platform: 'mt4', login: 77, nickname: 'four' }],
      // A minute of the broker passes in a second, so that bars close.
      source: {
        kind: 'market',
        ticksPerSecond: 5,
        speed: 60,
        startUtc: '2026-06-10T10:00:00Z',
        symbols: ['EURUSD', 'GBPUSD', 'BTCUSD'],
      },
      history: { days: 30, trader: { dealsPerDay: 10, days: 20 } },
      linking: { connectMs: 100, cap: 4 },
      heartbeatMs: 100,
      ledger: 'counts',
    },
    { controlKey: CONTROL_KEY },
  );
}, 180_000);
afterAll(() => simulator?.close());

test('the unmodified SDK manages, reads, streams, trades, and gets its typed errors, on MT5 and MT4', async () => {
  const gateway = {
    gateway: simulator.addr,
    control: simulator.controlAddr,
    controlKey: CONTROL_KEY,
    key: 'fxs_live_demo',
    readOnlyKey: 'fxs_ro_demo',
  };
  const script = join(import.meta.dirname, 'python-sdk.py');
  const { stdout } = await run(python, ['-u', script, JSON.stringify(gateway)], {
    timeout: 120_000,
    env: { ...process.env, NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' },
  });
  const said = JSON.parse(stdout) as { sdk: string; events: Record<string, string[]>; errors: string[] };
  expect(said.sdk).toBe('0.8.0');
  const all = [
    'AccountUpdate',
    'Bar',
    'PositionsUpdate',
    'StreamErrorEvent',
    'StreamWarning',
    'Subscribed',
    'Subscriptions',
    'TerminalUpdate',
    'Tick',
    'TradeUpdate',
    'UnknownEvent',
    'Unsubscribed',
  ];
  expect(said.events).toEqual({ mt5: all, mt4: all });
  // Every class of the SDK but two: StreamError, which only the stream ends with, and UnsupportedOnPlatformError, which nothing raises.
  expect(said.errors).toEqual([
    'AccountCapError',
    'AccountsExceedTargetError',
    'AlreadyLapsedError',
    'AuthError',
    'ConnectFailedError',
    'DuplicateAccountError',
    'ForbiddenError',
    'FxSocketError',
    'IdempotencyError',
    'InsufficientBalanceError',
    'NoSubscriptionError',
    'NotBalanceFundedError',
    'NotFoundError',
    'PaymentRequiredError',
    'RateLimitError',
    'SeatLapsedError',
    'ServerLimitError',
    'SlotsFullError',
    'TerminalNotReadyError',
    'TerminalTimeoutError',
    'ValidationError',
  ]);
  // By the gateway's own book every reading route that the SDK knows was asked for and answered, on both platforms.
  const routes = Object.values(readingRoutes)
    .map(({ path }) => path)
    .filter((path) => path !== readingRoutes.quoteTicks.path);
  for (const id of [DEMO_ACCOUNT_ID, MT4_ID]) {
    const page = simulator.requests().accounts.find(({ account }) => account === id);
    for (const path of routes) expect(page?.routes[path]?.statuses[200], `${id} ${path}`).toBeGreaterThan(0);
  }
  expect(simulator.state().accounts.map(({ account }) => account)).toEqual([DEMO_ACCOUNT_ID, MT4_ID]);
});
