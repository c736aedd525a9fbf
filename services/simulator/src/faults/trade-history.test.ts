import { afterEach, expect, test } from 'vitest';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { get } from '../../testing/client.ts';

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

type Row = Record<string, number | string>;
const DEALS = '/OrderHistory?from=2026-06-01&to=2026-06-20';
const CLOSED = '/PositionHistory?from=2026-06-01&to=2026-06-20';

const started = async (): Promise<Simulator> => {
  simulator = await startSimulator({
    source: { kind: 'market', ticksPerSecond: 0, startUtc: '2026-06-10T10:00:00Z', symbols: ['EURUSD'] },
    history: { trader: { dealsPerDay: 40, days: 30 } },
  });
  return simulator;
};
const rows = async (sim: Simulator, path: string): Promise<Row[]> => (await get(sim, path)).json as Row[];
const synced = async (sim: Simulator): Promise<unknown> =>
  ((await get(sim, '/status')).json as { bridge: Row }).bridge['symbolsSynced'];

test('a history that is not loaded is empty, and the terminal says so or does not', async () => {
  const sim = await started();
  const all = await rows(sim, DEALS);
  expect(all.length).toBeGreaterThan(50);
  const { id } = sim.fault({ kind: 'history_empty' });
  expect([await rows(sim, DEALS), await rows(sim, CLOSED), await synced(sim)]).toEqual([[], [], false]);
  sim.release({ id });
  expect([await rows(sim, DEALS), await synced(sim)]).toEqual([all, true]);
  sim.fault({ kind: 'history_empty', path: '/OrderHistory', synced: true });
  expect([await rows(sim, DEALS), await synced(sim)]).toEqual([[], true]);
  expect((await rows(sim, CLOSED)).length).toBeGreaterThan(20);
});

test('late rows come one by one, and their costs after them', async () => {
  const sim = await started();
  const all = await rows(sim, DEALS);
  const day = 86_400_000;
  sim.fault({ kind: 'history_late', rowMs: 5 * day, costMs: 5 * day });
  const early = await rows(sim, DEALS);
  const seen = new Set(early.map(({ ticket }) => ticket));
  const gone = all.filter(({ ticket }) => !seen.has(ticket));
  expect(gone.length).toBeGreaterThan(10);
  expect(early.length).toBeGreaterThan(10);
  // Nothing that is older than the latest can be is late.
  for (const { time } of gone) expect(Date.parse(String(time))).toBeGreaterThan(Date.UTC(2026, 5, 5, 12));
  expect(await rows(sim, DEALS)).toEqual(early);
  const costs = new Map(all.map(({ commission, ticket }) => [ticket, commission]));
  const without = early.filter(({ commission, ticket }) => commission !== costs.get(ticket));
  expect(without.length).toBeGreaterThan(5);
  expect(new Set(without.map(({ commission }) => commission))).toEqual(new Set([0]));
  for (const { commission, netProfit, profit, swap } of await rows(sim, CLOSED))
    expect(netProfit).toBeCloseTo(Number(profit) + Number(swap) + Number(commission), 6);
});
