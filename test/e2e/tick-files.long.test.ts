// Files of ticks as people have them, played by the gateway and recorded: every row is in `ticks` once, with its own time and its own prices.
import { join } from 'node:path';
import { DEMO_ACCOUNT, judge, Recording, until, WORKSPACE } from '@fxtape/testkit';
import { afterEach, expect, test } from 'vitest';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Their provenance stands beside them. */
const FILES = join(WORKSPACE, 'services/simulator/testing/tick-files');

const recorded = async (file: string, symbol: string, rows: number): Promise<unknown[][]> => {
  const recording = await Recording.start({
    clock: '{ rule: "America/New_York+7h", replayed: true }',
    scenario: {
      accounts: [{ id: DEMO_ACCOUNT, clockRule: 'America/New_York+7h' }],
      source: { kind: 'file', path: join(FILES, file), symbol, speed: 20 },
    },
  });
  closers.push(() => recording.close());
  await recording.collector();
  await until(async () => (await recording.count()) >= rows, {
    what: `${rows} rows`,
    deadlineMs: 60_000,
    retryErrors: true,
  });
  await recording.settle();
  expect(await judge(recording)).toMatchObject({
    stored: rows,
    missing: 0,
    unaccounted: 0,
    doubled: 0,
    wrong: 0,
    quotes: 0,
    unclaimedUs: 0,
  });
  return recording.sql(
    `SELECT cast(ts as long) / 1000, bid, ask, quality FROM ticks WHERE symbol = '${symbol}' ORDER BY ts, ts_recv`,
  );
};

test('a HistData month whose rows step back by up to a second', async () => {
  const rows = await recorded('DAT_ASCII_EURUSD_T_202607.csv', 'EURUSD', 8);
  // New York's winter time all year: five hours behind UTC. In the order of their times.
  const at = (time: string): number => Date.parse(`2026-07-13T14:30:${time}Z`);
  expect(rows.map(([ms, bid, ask]) => [ms, bid, ask])).toEqual([
    [at('01.120'), 1.08421, 1.08423],
    [at('01.480'), 1.08422, 1.08424],
    [at('01.990'), 1.08422, 1.08423],
    [at('02.005'), 1.08423, 1.08424],
    [at('02.310'), 1.08421, 1.08423],
    [at('03.000'), 1.0842, 1.08421],
    [at('04.000'), 1.0842, 1.08422],
    [at('04.650'), 1.08421, 1.08423],
  ]);
});

test('oil below zero', async () => {
  const rows = await recorded('WTIUSD-2020-04-20.csv', 'WTIUSD', 4);
  expect(rows).toEqual([
    [1_587_406_440_000, 0.02, 0.05, null],
    [1_587_406_440_900, 0, 0.03, 'one_sided'],
    [1_587_406_442_100, -0.05, -0.01, null],
    [1_587_406_500_000, -37.63, -37.4, null],
  ]);
});
