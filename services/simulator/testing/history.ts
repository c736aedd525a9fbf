// Shared by the tests of the history routes. In: a scenario. Out: a gateway that starts on a Wednesday and makes no ticks by itself, and the rows of a
// route.

import { DEMO_ACCOUNT_ID, type ScenarioInput } from '../src/scenario.ts';
import type { Simulator } from '../src/simulator.ts';
import { startSimulator } from '../src/start-simulator.ts';
import { get } from './client.ts';

export const OTHER_ID = '11111111-2222-4333-8444-555555555555';
export const START = '2026-06-10T10:00:00Z';

export type Row = Record<string, number | string>;

/** Gateways that are closed together. */
export class Gateways {
  #open: Simulator[] = [];

  async start(over: ScenarioInput = {}): Promise<Simulator> {
    const simulator = await startSimulator({
      source: {
        kind: 'market',
        ticksPerSecond: 0,
        startUtc: START,
        symbols: ['EURUSD', 'XAUUSD', 'BTCUSD'],
      },
      ...over,
    });
    this.#open.push(simulator);
    return simulator;
  }

  async close(): Promise<void> {
    for (const simulator of this.#open.splice(0)) await simulator.close();
  }
}

/** Throws unless the route answers 200. */
export async function rows(simulator: Simulator, path: string, account = DEMO_ACCOUNT_ID): Promise<Row[]> {
  const { status, json, text } = await get(simulator, path, { account });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return json as Row[];
}
