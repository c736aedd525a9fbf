// The promise, row by row: every tick that the gateway wrote to a socket is in the table exactly once with the right UTC time, or it
// lies inside a recorded gap. The gateway is the simulator, whose ledger says what was written; the database is a real QuestDB.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Service, startQuestDb, startService, tempDir, until } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

interface LedgerTick {
  conn: number | null;
  symbol: string;
  utcMs: number;
  bid: number;
  ask: number;
  withheld: boolean;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const YAML = `
accounts:
  - id: 0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f
    name: demo
    key: FXSOCKET_API_KEY
    market_data: { feed: demo, symbols: ["*"] }
    account_data: [deals, positions, account]
defaults:
  timeframes: [M1]
`;

/** Gateway, database and a way to start collectors on one data folder. */
const setUp = async (ticksPerSecond: number) => {
  const dir = tempDir('e2e');
  closers.push(() => dir.remove());
  const questdb = await startQuestDb();
  closers.push(() => questdb.close());
  const [gatewayPort, controlPort] = [await freePort(), await freePort()];
  const scenario = join(dir.path, 'scenario.json');
  const symbols = ['BTCUSD', 'ETHUSD', 'SOLUSD'];
  writeFileSync(scenario, JSON.stringify({ source: { kind: 'market', ticksPerSecond, symbols } }));
  const simulatorDir = join(dir.path, 'simulator');
  mkdirSync(simulatorDir);
  const simulator = await startService('simulator', {
    dataDir: simulatorDir,
    env: {
      FXTAPE_SIMULATOR_ADDR: `127.0.0.1:${gatewayPort}`,
      FXTAPE_SIMULATOR_CONTROL_ADDR: `127.0.0.1:${controlPort}`,
      FXTAPE_SIMULATOR_SCENARIO: scenario,
    },
  });
  closers.push(() => simulator.kill());
  writeFileSync(join(dir.path, 'fxtape.yaml'), YAML);
  const control = async (path: string, body: object = {}): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${controlPort}/__fx/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  };
  const ledger = async (): Promise<LedgerTick[]> => {
    const text = await (await fetch(`http://127.0.0.1:${controlPort}/__fx/ledger`)).text();
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as LedgerTick);
  };
  const sql = async (query: string): Promise<unknown[][]> => {
    const answer = await fetch(`${questdb.http}/exec?query=${encodeURIComponent(query)}`);
    const { dataset, error } = (await answer.json()) as { dataset?: unknown[][]; error?: string };
    if (dataset === undefined) throw new Error(`${query}: ${error}`);
    return dataset;
  };
  const collector = async (): Promise<Service> => {
    const service = await startService('collector', {
      dataDir: dir.path,
      env: {
        FXTAPE_CONFIG: join(dir.path, 'fxtape.yaml'),
        FXSOCKET_BASE_URL: `http://127.0.0.1:${gatewayPort}`,
        FXSOCKET_API_KEY: 'fxs_ro_demo',
        QDB_CLIENT_CONF: questdb.conf,
      },
    });
    closers.push(() => service.kill());
    return service;
  };
  const live = (service: Service): Promise<unknown> =>
    until(async () => (await fetch(`${service.http}/readyz`)).status === 200, {
      what: 'every stream live',
      deadlineMs: 30_000,
    });
  return { collector, control, ledger, live, questdb, sql };
};

type Setup = Awaited<ReturnType<typeof setUp>>;

const keyOf = (...parts: unknown[]): string => JSON.stringify(parts);

/** Holds the ledger against the table. Returns what was found, for the assertion to show. */
const compare = async ({ ledger, sql }: Setup) => {
  const gaps = (
    await sql("SELECT symbol, cast(ts_from as long), cast(ts_to as long) FROM gaps WHERE stream = 'ticks'")
  ).map(([symbol, from, to]) => ({
    symbol,
    from: Number(from),
    to: to === null ? Number.POSITIVE_INFINITY : Number(to),
  }));
  const stored = new Map<string, number>();
  const truth = new Map<string, number>();
  for (const [symbol, us, bid, ask] of await sql('SELECT symbol, cast(ts as long), bid, ask FROM ticks')) {
    const key = keyOf(symbol, Number(us), bid, ask);
    stored.set(key, (stored.get(key) ?? 0) + 1);
  }
  const sent = new Map<string, { tick: LedgerTick; count: number }>();
  for (const tick of await ledger()) {
    const key = keyOf(tick.symbol, tick.utcMs * 1000, tick.bid, tick.ask);
    truth.set(key, (truth.get(key) ?? 0) + 1);
    if (tick.conn === null || tick.withheld) continue;
    const known = sent.get(key);
    if (known === undefined) sent.set(key, { tick, count: 1 });
    else known.count++;
  }
  const inGap = ({ symbol, utcMs }: LedgerTick): boolean =>
    gaps.some(
      (gap) =>
        (gap.symbol === null || gap.symbol === symbol) && utcMs * 1000 >= gap.from && utcMs * 1000 < gap.to,
    );
  let missing = 0;
  let missingInGap = 0;
  for (const [key, { count, tick }] of sent) {
    const absent = count - (stored.get(key) ?? 0);
    if (absent <= 0) continue;
    if (inGap(tick)) missingInGap += absent;
    else missing += absent;
  }
  // A row must state a tick of the market, and no more often than the market had it. The snapshots of before the start are
  // quotes of no tick: one row a symbol at most.
  let foreign = 0;
  let doubled = 0;
  for (const [key, count] of stored) {
    const real = truth.get(key) ?? 0;
    if (real === 0) foreign += count;
    else if (count > real) doubled += count - real;
  }
  return {
    sent: [...sent.values()].reduce((sum, { count }) => sum + count, 0),
    missing,
    missingInGap,
    doubled,
    foreign,
    gaps: gaps.length,
  };
};

/** Stops the market and waits until what was sent has been applied. */
const settle = async (setup: Setup): Promise<void> => {
  await setup.control('pause');
  let last = -1;
  let steady = 0;
  await until(
    async () => {
      const [[count]] = (await setup.sql('SELECT count() FROM ticks')) as [[number]];
      steady = count === last ? steady + 1 : 0;
      last = count;
      return steady >= 12;
    },
    { what: 'the table to stand still', deadlineMs: 60_000, everyMs: 250 },
  );
};

test('a quiet recording has every tick once and covers what it has', async () => {
  const setup = await setUp(500);
  const service = await setup.collector();
  await setup.live(service);
  await until(async () => Number((await setup.sql('SELECT count() FROM ticks'))[0]?.[0]) > 3000, {
    what: '3000 ticks',
    deadlineMs: 60_000,
  });
  await settle(setup);
  const found = await compare(setup);
  expect(found).toMatchObject({ missing: 0, doubled: 0 });
  expect(found.foreign).toBeLessThanOrEqual(3);
  const open = await setup.sql('SELECT count() FROM gaps WHERE ts_to IS NULL');
  expect(open).toEqual([[0]]);
  const coverage = await setup.sql("SELECT count() FROM coverage WHERE stream = 'ticks' AND ts_to > ts");
  expect(Number(coverage[0]?.[0])).toBeGreaterThan(0);
  expect((await service.stop()).code).toBe(0);
});

test('kill-collector: SIGKILL five times under load loses nothing outside a recorded gap', async () => {
  const setup = await setUp(1000);
  for (let round = 0; round < 5; round++) {
    const service = await setup.collector();
    await setup.live(service);
    const [[before]] = (await setup.sql('SELECT count() FROM ticks')) as [[number]];
    await until(async () => Number((await setup.sql('SELECT count() FROM ticks'))[0]?.[0]) > before + 500, {
      what: 'more ticks',
      deadlineMs: 30_000,
    });
    await service.kill('SIGKILL');
  }
  await setup.live(await setup.collector());
  await settle(setup);
  const found = await compare(setup);
  expect(found).toMatchObject({ missing: 0, doubled: 0 });
  expect(found.foreign).toBeLessThanOrEqual(3);
});

test('kill-questdb and dropped sockets: the tape goes on and everything arrives', async () => {
  const setup = await setUp(1000);
  const service = await setup.collector();
  await setup.live(service);
  await setup.questdb.kill();
  // Two: a third one within seconds of becoming live would mean a contended account, with slow retries.
  for (let i = 0; i < 2; i++) {
    await setup.control('fault', { kind: 'reset' });
    await until(async () => (await fetch(`${service.http}/readyz`)).status === 200, {
      what: 'live again',
      deadlineMs: 30_000,
    });
  }
  await setup.questdb.start();
  await until(async () => Number((await setup.sql('SELECT count() FROM ticks'))[0]?.[0]) > 3000, {
    what: 'ticks again',
    deadlineMs: 60_000,
    retryErrors: true,
  });
  await settle(setup);
  expect(await compare(setup)).toMatchObject({ missing: 0, doubled: 0 });
});
