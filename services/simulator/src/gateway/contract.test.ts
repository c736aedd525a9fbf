// The gateway against the documents it serves: whatever is asked, valid or broken, the answer is one that the document promises.

import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_ACCOUNT_ID } from '../scenario.ts';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { call, get } from '../../testing/client.ts';
import { OTHER_ID, START } from '../../testing/history.ts';
import { Contract, type Hints, type Operation, requestsOf, type Sent } from '../../testing/requests-of.ts';

const EACH = 200;
const AT_ONCE = 8;
const symbol = fc.constantFrom('EURUSD', 'USDJPY', 'EURGBP', 'BTCUSD', 'NOPE');
const day = fc.integer({ min: 1, max: 12 }).map((date) => `2026-06-${String(date).padStart(2, '0')}`);
const moment = fc.oneof(
  day,
  fc.tuple(day, fc.nat(23)).map(([date, hour]) => `${date}T${String(hour).padStart(2, '0')}:15:00`),
);
const hints: Hints = {
  symbol,
  from: moment,
  to: moment,
  expiration: fc.integer({ min: 9, max: 28 }).map((date) => `2026-06-${String(date).padStart(2, '0')}`),
  volume: fc.constantFrom(0.01, 0.1, 0.5, 1),
  price: fc.constantFrom(1.05, 1.0852, 1.1, 150, 60_000),
  stopLimitPrice: fc.constantFrom(1.05, 1.1),
  stopLoss: fc.constantFrom(0, 1, 1.05, 2),
  takeProfit: fc.constantFrom(0, 1, 1.1, 2),
  ticket: fc.oneof(fc.integer({ min: 5_000_000_001, max: 5_000_000_400 }), fc.constant(2n ** 60n)),
  magic: fc.constantFrom(0, 7),
  expertId: fc.constantFrom(0, 7, 2n ** 60n),
  server: fc.constantFrom('Simulated-Demo', 'Nowhere'),
  password: fc.constantFrom('demo', 'demo', 'wrong'),
  login: fc.integer({ min: 1, max: 1_000 }),
  platform: fc.constantFrom('mt5', 'mt4'),
  proxy_address: fc.constantFrom('127.0.0.1:1080', '127.0.0.1:1'),
};

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({
    accounts: [{ id: DEMO_ACCOUNT_ID }, { id: OTHER_ID, platform: 'mt4' }],
    source: {
      kind: 'market',
      ticksPerSecond: 50,
      startUtc: START,
      symbols: ['EURUSD', 'USDJPY', 'EURGBP', 'GBPUSD', 'BTCUSD'],
    },
    history: { days: 15, quoteTicks: 'full', trader: { dealsPerDay: 10, days: 10 } },
    linking: { connectMs: 50, proxies: ['127.0.0.1:1080'] },
    ledger: 'counts',
  });
});
afterAll(() => simulator.close());

/** Sends what was generated, some at once, and gives what was wrong, and how often each status came. */
async function judge(
  contract: Contract,
  operation: Operation,
  sent: readonly Sent[],
  base: string,
): Promise<{ wrong: string[]; statuses: Map<number, number> }> {
  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  const one = async ({ query, path, body }: Sent): Promise<void> => {
    const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
      encodeURIComponent(path[name] ?? ''),
    );
    const address = `${base}${filled}${query === '' ? '' : `?${query}`}`;
    const answer = await call(simulator, operation.method, address, { body, key: 'fxs_live_demo' });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const faults = contract.faults(operation, answer);
    if (faults.length > 0) wrong.push(`${operation.method} ${address} ${body ?? ''}: ${faults.join('; ')}`);
  };
  for (let i = 0; i < sent.length; i += AT_ONCE) await Promise.all(sent.slice(i, i + AT_ONCE).map(one));
  return { wrong, statuses };
}

const sampled = (operation: Operation, of: Hints, kind: 'valid' | 'invalid', seed: number): Sent[] =>
  fc.sample(requestsOf(operation, of, kind), { numRuns: EACH, seed });

async function holds(contract: Contract, base: string, of: Hints): Promise<Map<string, Map<number, number>>> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const met = new Map<string, Map<number, number>>();
  for (const operation of contract.operations) {
    const whole = new Map<number, number>();
    for (const kind of ['valid', 'invalid'] as const) {
      const { wrong, statuses } = await judge(contract, operation, sampled(operation, of, kind, seed), base);
      expect(wrong, `seed ${seed}, ${kind}`).toEqual([]);
      for (const [status, times] of statuses) whole.set(status, (whole.get(status) ?? 0) + times);
    }
    met.set(operation.id, whole);
  }
  return met;
}

describe.each([
  ['MT5', 'mt5', DEMO_ACCOUNT_ID],
  ['MT4', 'mt4', OTHER_ID],
])('the terminal of %s', (_name, platform, account) => {
  it('answers every route as its document says, whatever it is asked', async () => {
    const base = `/${platform}/${account}`;
    const served = await get(simulator, '/api-doc/openapi.json', { key: null, account });
    expect(await new Validator().validate(served.json as Record<string, unknown>)).toEqual({ valid: true });
    const met = await holds(new Contract(served.json), base, hints);
    expect(met.size).toBe(23);
    for (const [operation, statuses] of met) expect([...statuses.keys()], operation).toContain(200);
    for (const operation of [
      'orderSend',
      'orderModify',
      'orderClose',
      'closeAll',
      'orderCalcMargin',
      'priceHistory',
    ])
      expect([...(met.get(operation) ?? new Map()).keys()], operation).toContain(400);
  }, 180_000);
});

it('the management API answers every route as its document says', async () => {
  const document = (await call(simulator, 'GET', '/v1/openapi.json', { key: null })).json;
  expect(await new Validator().validate(document as Record<string, unknown>)).toEqual({ valid: true });
  const linked: string[] = [];
  for (let login = 9_000; login < 9_040; login++) {
    const body = JSON.stringify({ server: 'Simulated-Demo', login, password: 'demo' });
    const { json } = await call(simulator, 'POST', '/v1/accounts', { key: 'fxs_live_demo', body });
    linked.push((json as { id: string }).id);
  }
  const id = fc.oneof(fc.constantFrom(...linked), fc.constantFrom('nobody', '../accounts', 'a/b'));
  const contract = new Contract(document);
  const met = await holds(contract, '/v1', { ...hints, id });
  const statuses = (operation: string): number[] =>
    [...(met.get(operation) ?? new Map()).keys()].toSorted((a, b) => a - b);
  expect(statuses('accounts')).toEqual([200]);
  expect(statuses('account')).toEqual([200, 404]);
  // Whether two drawn requests link the same account is chance.
  expect(statuses('linkAccount').filter((status) => status !== 409)).toEqual([201, 400]);
  expect(statuses('updateAccount')).toEqual([200, 400, 404]);
  expect(statuses('unlinkAccount')).toEqual([204, 404]);

  const link = contract.operations.find((operation) => operation.id === 'linkAccount') as Operation;
  const twice = {
    query: '',
    path: {},
    body: JSON.stringify({ server: 'Simulated-Demo', login: 9_999, password: 'demo' }),
  };
  const first = await judge(contract, link, [twice], '/v1');
  const again = await judge(contract, link, [twice], '/v1');
  expect([first.wrong, again.wrong]).toEqual([[], []]);
  expect([...first.statuses.keys(), ...again.statuses.keys()]).toEqual([201, 409]);
}, 180_000);

it('the judge finds a status, a form, a field and a body that the document does not promise', async () => {
  const base = `/mt5/${DEMO_ACCOUNT_ID}`;
  const document = structuredClone((await get(simulator, '/api-doc/openapi.json', { key: null })).json) as {
    components: { schemas: Record<string, { required: string[] }> };
  };
  const quoted = async (contract: Contract): Promise<string[]> => {
    const operation = contract.operations.find(({ id }) => id === 'quote') as Operation;
    const sent = [{ query: 'symbol=EURUSD', path: {}, body: null }];
    return (await judge(contract, operation, sent, base)).wrong;
  };
  expect(await quoted(new Contract(document))).toEqual([]);
  document.components.schemas['Quote']?.required.push('spread');
  const contract = new Contract(document);
  expect(await quoted(contract)).toEqual([expect.stringContaining("must have required property 'spread'")]);
  const operation = contract.operations.find(({ id }) => id === 'quote') as Operation;
  const answer = { status: 200, type: 'application/json', text: '{}' };
  expect(contract.faults(operation, { ...answer, status: 418 })).toEqual([expect.stringContaining('418')]);
  expect(contract.faults(operation, { ...answer, type: 'text/html' })).toEqual([
    expect.stringContaining('text/html'),
  ]);
  expect(contract.faults(operation, { ...answer, status: 500 })).toEqual([
    expect.stringContaining("'error'"),
  ]);
});
