// `fxtape up --demo` on the engines that tests share. Out: how to start it and look at its services. It has a data folder of its own in each
// test and is stopped afterwards.
import { join } from 'node:path';
import { readServiceInfo } from '@fxtape/ops';
import { type ChildHandle, freePort, startFxtape, type TempDir, tempDir, until } from '@fxtape/testkit';
import { afterEach, beforeEach, expect } from 'vitest';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

export const SERVICES = ['simulator', 'collector', 'scheduler', 'backfill', 'console'];
export let dir: TempDir;
/** Of `up`; a test may change it before it starts. */
export let env: Record<string, string>;
let up: ChildHandle | null = null;

beforeEach(async () => {
  dir = tempDir('up');
  const [http, simulator, control] = [await freePort(), await freePort(), await freePort()];
  env = {
    QDB_CLIENT_CONF: ownQuestDb().conf,
    QUESTDB_PG_URL: ownQuestDb().pg,
    REDIS_URL: ownRedis().url,
    FXTAPE_HTTP_ADDR: `127.0.0.1:${http}`,
    FXTAPE_SIMULATOR_ADDR: `127.0.0.1:${simulator}`,
    FXTAPE_SIMULATOR_CONTROL_ADDR: `127.0.0.1:${control}`,
  };
});
afterEach(async () => {
  // Not killed: the next recorder of these accounts would watch for half a minute whether this one is dead.
  await up?.stop(20_000);
  up = null;
  await dir.remove();
});

/** Of the demonstration. */
export const data = () => join(dir.path, 'demo');
export const pidOf = (service: string): number | null => readServiceInfo(data(), service)?.pid ?? null;

export const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
};

/** Starts the demonstration and does not wait; it is stopped after the test. */
export async function begin(more: Record<string, string> = {}): Promise<ChildHandle> {
  up = await startFxtape(['up', '--demo'], { dataDir: dir.path, env: { ...env, ...more }, ownGroup: true });
  return up;
}

/** Starts it and waits until everything runs. */
export async function start(): Promise<{ child: ChildHandle; pids: number[] }> {
  const child = await begin();
  await until(() => child.logs.includes('Ctrl-C') || child.exit !== null, {
    what: 'everything to run',
    deadlineMs: 30_000,
  });
  const pids = SERVICES.map((name) => pidOf(name)).filter((pid) => pid !== null);
  expect(pids, child.lastLines()).toHaveLength(SERVICES.length);
  return { child, pids };
}

/** Tests share a database: what a killed recorder of an earlier one held is watched for half a minute. */
export const live = () =>
  until(
    async () => (await fetch(`http://${readServiceInfo(data(), 'collector')?.http}/readyz`)).status === 200,
    { what: 'every stream to be live', deadlineMs: 120_000, everyMs: 100 },
  );

export const gone = (pids: readonly number[], deadlineMs: number) =>
  until(() => !pids.some(runs), { what: 'all services to end', deadlineMs });
