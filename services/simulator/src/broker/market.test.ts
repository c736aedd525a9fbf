// Accounts at several brokers see one market, each in its own spelling and by its own clock.

import { afterEach, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID, DEMO_SCENARIO } from '../scenario.ts';
import { call, connect, get, until } from '../../testing/client.ts';
import { Gateways, OTHER_ID } from '../../testing/history.ts';

const gateways = new Gateways();
afterEach(() => gateways.close());

it('a symbol is known by the name of the broker alone, on every route and topic', async () => {
  const sim = await gateways.start({
    accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID, suffix: '.m', clockRule: 'UTC+2h' }],
    history: { days: 20, trader: { dealsPerDay: 10, days: 10 } },
  });
  const other = { account: OTHER_ID };
  expect((await get(sim, '/symbols', other)).json).toEqual(['EURUSD.m', 'XAUUSD.m', 'BTCUSD.m']);
  expect((await get(sim, '/getQuote?symbol=EURUSD', other)).status).toBe(500);
  const quote = (await get(sim, '/getQuote?symbol=EURUSD.m', other)).json as { symbol: string; bid: number };
  const plain = (await get(sim, '/getQuote?symbol=EURUSD')).json as { bid: number };
  expect([quote.symbol, quote.bid]).toEqual(['EURUSD.m', plain.bid]);
  expect((await get(sim, '/SymbolInfo?symbol=XAUUSD.m', other)).json).toMatchObject({
    symbol: 'XAUUSD.m',
    digits: 2,
  });
  const bars = async (symbol: string, account: string): Promise<unknown[]> =>
    (await get(sim, `/PriceHistory?symbol=${symbol}&timeframe=H1&from=2026-06-02&to=2026-06-03`, { account }))
      .json as unknown[];
  expect((await bars('EURUSD.m', OTHER_ID)).length).toBe((await bars('EURUSD', DEMO_ACCOUNT_ID)).length);
  const past = (await get(sim, '/OrderHistory', other)).json as { symbol: string; type: string }[];
  expect(past.filter(({ type }) => type !== 'Balance').every(({ symbol }) => symbol.endsWith('.m'))).toBe(
    true,
  );

  const client = await connect(sim, OTHER_ID);
  for (const topic of ['positions', 'trades']) await client.subscribe(topic);
  expect(await client.subscribe('prices', 'EURUSD')).toMatchObject({ type: 'error' });
  await client.subscribe('prices', 'EURUSD.m');
  sim.emit('EURUSD', [{ bid: 1.09, ask: 1.0902 }]);
  const tick = await until('a tick', () => client.liveTicks()[0]);
  expect(tick).toMatchObject({ symbol: 'EURUSD.m', bid: 1.09 });
  const body = JSON.stringify({ symbol: 'EURUSD.m', operation: 'Buy', volume: 0.1 });
  const sent = await call(sim, 'POST', `/mt5/${OTHER_ID}/OrderSend`, { body });
  expect(sent.json).toMatchObject({ success: true, price: 1.0902 });
  const trade = await until('a trade', () => client.of('trade')[0]);
  expect(trade['data']).toMatchObject({ symbol: 'EURUSD.m', price: 1.0902 });
  await client.end();
});

it('the demonstration has accounts at brokers with other clocks, spellings, platforms and margin modes', async () => {
  const sim = await gateways.start({
    ...DEMO_SCENARIO,
    source: { kind: 'market', ticksPerSecond: 0, startUtc: '2026-06-10T10:00:00Z' },
  });
  const rows = (await call(sim, 'GET', '/v1/accounts')).json as {
    id: string;
    platform: string;
    server: string;
  }[];
  expect(rows[0]?.id).toBe(DEMO_ACCOUNT_ID);
  const facts = await Promise.all(
    rows.map(async ({ id: account, platform, server }) => {
      const [first] = (await get(sim, '/symbols', { account })).json as string[];
      const { utcOffsetSeconds } = (await get(sim, '/ServerTimezone', { account })).json as Record<
        string,
        number
      >;
      const { marginMode } = (await get(sim, '/AccountInfo', { account })).json as Record<string, string>;
      return `${platform} ${server} ${first} ${utcOffsetSeconds} ${marginMode}`;
    }),
  );
  expect(facts).toEqual([
    'mt5 Simulated-Demo EURUSD 10800 Hedging',
    'mt4 Simulated-Four EURUSDm 7200 Hedging',
    'mt5 Simulated-Netting EURUSD.x 0 Netting',
  ]);
});
