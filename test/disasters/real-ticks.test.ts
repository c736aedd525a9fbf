// Real quotes of an old day, played as fast as the socket takes them by a gateway whose broker keeps New York time plus seven hours.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKSPACE } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, promiseKept } from './lane.ts';

const FILE = join(WORKSPACE, '..', 'shared', 'data', 'eurusd-ticks-2020-01-01', 'ticks.csv');

test('real-ticks: EUR/USD of 2020-01-01 at full speed, all rows, prices and milliseconds exact', async (context) => {
  if (!existsSync(FILE)) return context.skip('the file of real ticks is not beside this checkout');
  const rows = readFileSync(FILE, 'utf8').trim().split('\n').slice(1);
  const recording = await begin({
    clock: '{ rule: "America/New_York+7h", replayed: true }',
    scenario: {
      accounts: [{ id: '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f', clockRule: 'America/New_York+7h' }],
      source: { kind: 'file', path: FILE, symbol: 'EURUSD', speed: 'max' },
    },
  });
  const service = await recording.collector();
  await recording.moreTicks(rows.length, 60_000);
  const verdict = await promiseKept('real ticks', recording);
  // The first of them answers the subscription, so its source is `snapshot`.
  expect([verdict.stored, verdict.quotes]).toEqual([9500, 0]);
  const stored = await recording.sql(
    "SELECT cast(ts as long) / 1000, bid, ask, utc_offset_s FROM ticks WHERE symbol = 'EURUSD' ORDER BY ts, ts_recv",
  );
  const spelled = stored.map(
    ([ms, bid, ask]) => `${Number(ms)},${Number(bid).toFixed(6)},${Number(ask).toFixed(6)}`,
  );
  expect(spelled).toEqual(rows);
  expect(new Set(stored.map((row) => row[3]))).toEqual(new Set([7200]));
  expect((await service.stop()).code).toBe(0);
});
