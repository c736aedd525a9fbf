// The paper trader of the demonstration trades through the public client: what it does is in the account's books, an order whose answer was
// lost is found and not made twice, and it touches no gateway but one of this machine.

import { FxSocketRest } from '@fxtape/fxsocket';
import { FxSocketTrading } from '@fxtape/fxsocket-trading';
import { MAGIC, PaperTrader } from '@fxtape/paper-trader';
import { DEMO_ACCOUNT_ID, type Simulator, startSimulator } from '@fxtape/simulator';
import { startNode, tempDir, until, WORKSPACE } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function gateway(): Promise<Simulator> {
  const simulator = await startSimulator({
    source: {
      kind: 'market',
      ticksPerSecond: 100,
      startUtc: '2026-06-10T10:00:00Z',
      symbols: ['EURUSD', 'GBPUSD', 'BTCUSD'],
    },
    ledger: 'counts',
  });
  closing.push(() => simulator.close());
  return simulator;
}

/** The same sequence for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function traderOf(simulator: Simulator): { trader: PaperTrader; rest: FxSocketRest } {
  const client = { baseUrl: `http://${simulator.addr}/mt5/${DEMO_ACCOUNT_ID}`, apiKey: 'fxs_live_demo' };
  const rest = new FxSocketRest(client);
  const trading = new FxSocketTrading(client);
  closing.push(
    () => rest.close(),
    () => trading.close(),
  );
  return { trader: new PaperTrader({ rest, trading, random: chance(7), run: 'paper test' }), rest };
}

const comments = async (rest: FxSocketRest): Promise<unknown[]> => {
  const { rows } = await rest.orderHistory();
  const pending = (await rest.openedOrders()).filter(({ kind }) => kind === 'Pending');
  return [...rows.filter(({ entry }) => entry === 'In'), ...pending].map(({ comment }) => comment);
};

test('what it does is in the books, and each order once', async () => {
  const simulator = await gateway();
  const { trader, rest } = traderOf(simulator);
  const said: string[] = [];
  for (let i = 0; i < 150; i++) said.push(await trader.step());
  for (const what of ['Buy', 'Sell', 'Limit', 'stop of', 'close', 'close a part of'])
    expect(
      said.filter((line) => line.startsWith(what) || line.includes(`${what} `)),
      what,
    ).not.toEqual([]);
  expect(said.filter((line) => !line.endsWith('applied') && !line.includes('NO_CHANGES'))).toEqual([]);
  const made = await comments(rest);
  expect(new Set(made).size).toBe(made.length);
  const open = await rest.openedOrders();
  expect(open.length).toBeLessThanOrEqual(4);
  expect(open.every(({ magic }) => magic === MAGIC)).toBe(true);
  const { rows: deals } = await rest.orderHistory();
  expect(deals.filter(({ entry }) => entry === 'Out').length).toBeGreaterThan(20);
});

test.for([
  { applied: true, word: 'was made' },
  { applied: false, word: 'was not made' },
])('an order whose answer was lost is looked for and not sent again: it $word', async ({ applied, word }) => {
  const simulator = await gateway();
  const { trader, rest } = traderOf(simulator);
  simulator.fault({ kind: 'trade_timeout', applied, count: 1 });
  const first = await trader.step();
  expect(first).toContain('unknown');
  const lost = trader.looking;
  expect(lost).toBe('paper test-1');
  const said: string[] = [];
  while (trader.looking !== null) said.push(await trader.step());
  expect(said.at(-1)).toBe(`${lost} ${word}`);
  expect(await comments(rest)).toEqual(applied ? [lost] : []);
  await trader.step();
  expect((await comments(rest)).filter((one) => one === lost)).toHaveLength(applied ? 1 : 0);
});

test('as a process it trades every account of a gateway of this machine, and refuses any other', async () => {
  const simulator = await gateway();
  const dir = tempDir('paper-trader');
  closing.push(() => dir.remove());
  const main = `${WORKSPACE}services/paper-trader/src/main.ts`;
  const start = (url: string) =>
    startNode('paper-trader', [main], { dataDir: dir.path, env: { FXSOCKET_BASE_URL: url } });
  const child = await start(`http://${simulator.addr}`);
  closing.push(() => child.kill());
  await until(async () => (await simulator.truthDeals()).length > 0, { what: 'a deal', deadlineMs: 60_000 });
  expect(await child.stop()).toEqual({ code: 0, signal: null });
  const other = await start('http://192.0.2.1:7080');
  expect(await other.exited).toMatchObject({ code: 1 });
  expect(other.logs).toContain('PAPER_TRADER_REFUSED');
});
