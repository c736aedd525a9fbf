import { afterEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, TestClient, until } from '../../testing/client.ts';

let simulator: Simulator | null = null;
afterEach(async () => {
  await simulator?.close();
  simulator = null;
});

/** Ticks come only when a test makes them; a client has the snapshot of EURUSD and hears heartbeats. */
async function heard(): Promise<{ sim: Simulator; client: TestClient }> {
  const source = { kind: 'market', ticksPerSecond: 0, startUtc: '2026-06-10T10:00:00Z' } as const;
  const sim = await startSimulator({ source, heartbeatMs: 20 });
  simulator = sim;
  const client = await connect(sim);
  await client.subscribe('prices', 'EURUSD');
  await until('the snapshot', () => client.ticks().length === 1);
  await client.subscribe('terminal');
  return { sim, client };
}

/** Makes ticks with these bids. */
const emit = (sim: Simulator, bids: readonly number[]): number =>
  sim.emit(
    'EURUSD',
    bids.map((bid) => ({ bid: bid / 1000, ask: (bid + 1) / 1000 })),
  );

/** Ticks after the snapshot, and warnings. */
const live = (client: TestClient): unknown[] =>
  client.frames
    .filter(({ type }) => type === 'tick' || type === 'warning')
    .slice(1)
    .map(({ data, dropped, type }) =>
      type === 'warning' ? `dropped ${String(dropped)}` : Math.round((data as { bid: number }).bid * 1000),
    );

const marks = (sim: Simulator): unknown[] =>
  [...(sim.ledger() ?? [])].map(({ conn, withheld }) => (withheld ? 'withheld' : conn));

describe('drop_ticks', () => {
  it('drops ticks and nothing else, and tells how many', async () => {
    const { client, sim } = await heard();
    emit(sim, [1]);
    const { id } = sim.fault({ kind: 'drop_ticks' });
    emit(sim, [2, 3, 4]);
    const before = client.of('terminal').length;
    await until('heartbeats on time', () => client.of('terminal').length > before + 3);
    expect(live(client)).toEqual([1]);
    sim.release({ id });
    emit(sim, [5]);
    await until('the rest', () => live(client).length === 3);
    expect(live(client)).toEqual([1, 'dropped 3', 5]);
    expect(marks(sim)).toEqual([1, 'withheld', 'withheld', 'withheld', 1]);
  });

  it('leaves no heartbeat between a dropped tick and its warning, where that is asked for', async () => {
    const { client, sim } = await heard();
    sim.fault({ kind: 'drop_ticks', tells: 'before_heartbeats' });
    emit(sim, [1, 2]);
    await until('the first warning', () => client.of('warning').length === 1);
    emit(sim, [3]);
    await until('the second warning', () => client.of('warning').length === 2);
    await until('a heartbeat behind it', () => client.frames.at(-1)?.type === 'terminal');
    const told = client.frames.flatMap(({ type, dropped }, i) =>
      type === 'warning' ? [[dropped, client.frames[i + 1]?.type]] : [],
    );
    expect(told).toEqual([
      [2, 'terminal'],
      [1, 'terminal'],
    ]);
    expect(marks(sim)).toEqual(['withheld', 'withheld', 'withheld']);
  });
});
