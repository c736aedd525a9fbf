// Starts the plain script (naive-child.ts) on its own table and waits until it is connected.
import { fileURLToPath } from 'node:url';
import { tables } from '@fxtape/market';
import { createTableSql, QuestDbHttp } from '@fxtape/questdb';
import { type ChildHandle, type Recording, startNode, until } from '@fxtape/testkit';
import { SYMBOL_NAMES } from './frames.ts';
import type { NaiveRun } from './naive-child.ts';

const ACCOUNT = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
export const NAIVE_TABLE = 'ticks_naive';

/** The gateway's counts for its first account. */
export interface GatewayAccount {
  readonly written: number;
  readonly withheld: number;
  readonly conn: number | null;
}

export const gatewayAccount = async ({ gateway }: Recording): Promise<GatewayAccount> => {
  const { accounts } = (await gateway.state()) as unknown as { accounts: [GatewayAccount] };
  return accounts[0];
};

export const startNaive = async (recording: Recording): Promise<ChildHandle> => {
  const http = new QuestDbHttp({ conf: recording.questdb.conf });
  // Without dedup keys, as a first version would be.
  await http.exec(createTableSql({ ...tables.ticks, name: NAIVE_TABLE }).replace(/\s+DEDUP.*$/s, ''));
  http.close();
  const run: NaiveRun = {
    url: `${recording.gateway.url.replace('http', 'ws')}/mt5/${ACCOUNT}/ws?api_key=fxs_ro_demo`,
    conf: recording.questdb.conf,
    table: NAIVE_TABLE,
    symbols: SYMBOL_NAMES,
    offsetS: Number((await clockOffset(recording)) ?? 0),
  };
  const script = fileURLToPath(new URL('./naive-child.ts', import.meta.url));
  const child = await startNode('naive', [script, JSON.stringify(run)], { dataDir: recording.dir });
  await until(async () => (await gatewayAccount(recording)).conn !== null, {
    what: 'the script to connect',
    deadlineMs: 20_000,
  });
  return child;
};

/** Broker time minus UTC, seconds, as the collector found it. */
const clockOffset = async (recording: Recording): Promise<unknown> =>
  (await recording.sql('SELECT last(utc_offset_s) FROM ticks'))[0]?.[0];
