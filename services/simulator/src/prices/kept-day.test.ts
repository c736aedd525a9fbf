// A day that is kept goes on between two starts: what was due is never made again, however the first one ended.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Simulator } from '../simulator.ts';
import { startSimulator } from '../start-simulator.ts';
import { connect, until } from '../../testing/client.ts';
import { KeptDay } from './kept-day.ts';

const START = Date.parse('2020-01-06T10:00:00Z');
const WALL = Date.parse('2026-11-01T00:00:00Z');
const ROWS = 100;
const OFFSET = 7_200_000;

let folder: string;
let kept: string;
let path: string;
let simulator: Simulator | null = null;
/** Both clocks of the simulation, moved by hand. */
let now = 0;
let wallShift = 0;
let ends = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fxtape-kept-'));
  kept = join(folder, 'demo', 'day.json');
  path = join(folder, 'ticks.csv');
  // A row each second.
  const rows = Array.from({ length: ROWS }, (_, i) => `${START + i * 1000},1.1${100 + i},1.1${103 + i}`);
  writeFileSync(path, `utc_ms,bid,ask\n${rows.join('\n')}\n`);
  [now, wallShift, ends] = [0, 0, 0];
});
afterEach(async () => {
  await simulator?.close();
  simulator = null;
  rmSync(folder, { recursive: true, force: true });
});

async function start(speed = 1): Promise<Simulator> {
  simulator = await startSimulator(
    { source: { kind: 'file', path, symbol: 'EURUSD', speed, kept }, history: { days: 0 } },
    {
      clock: { nowMs: () => WALL + wallShift + now, monoMs: () => now },
      onFileEnd: () => {
        ends += 1;
      },
    },
  );
  return simulator;
}

const played = (count: number) =>
  until(`${count} rows`, () => simulator?.state().source['played'] === count, 15_000);

test('after a stop and after a kill the day goes on where it is by then', async () => {
  const first = await start();
  expect(first.state().source).toMatchObject({ played: 0 });
  const client = await connect(first);
  await client.subscribe('prices', 'EURUSD');
  await played(1);
  now = 20_500;
  await played(21);
  const begun = join(folder, 'begun.json');
  copyFileSync(kept, begun);
  await first.close();
  // As a kill leaves it: only what was written at the begin.
  copyFileSync(begun, kept);
  now = 40_500;
  const second = await start();
  expect(second.state()).toMatchObject({ generated: 0, source: { played: 41 } });
  const again = await connect(second);
  await again.subscribe('prices', 'EURUSD');
  await until('the snapshot', () => again.ticks().length === 1);
  // What was due while nothing ran is the quote, and in the bars.
  expect(again.ticks()[0]?.brokerMs).toBe(START + 40_000 + OFFSET);
  const [minute] = [
    ...second.truthBars({ symbol: 'EURUSD', timeframe: 'M1', fromUtcMs: START, toUtcMs: START + 60_000 }),
  ];
  expect(minute).toMatchObject({ tickVolume: 41 });
  now = 45_500;
  await until('live ticks', () => again.ticks().length === 6);
  expect(again.ticks().map(({ brokerMs }) => brokerMs - OFFSET - START)).toEqual(
    [40, 41, 42, 43, 44, 45].map((second) => second * 1000),
  );
  await second.close();
  // Stopped in order; meanwhile somebody set the clock back by an hour.
  wallShift = -3_600_000;
  const third = await start();
  expect(third.state()).toMatchObject({ source: { played: 46 } });
  expect(ends).toBe(0);
});

test('a day that ended meanwhile is over: no row is made, the clock goes on, and it is told', async () => {
  const first = await start(10);
  const client = await connect(first);
  await client.subscribe('prices', 'EURUSD');
  await played(1);
  now = 2000;
  await played(21);
  await first.close();
  now = 60_000;
  const second = await start(10);
  await until('the end', () => ends === 1);
  expect(second.state()).toMatchObject({ generated: 0, source: { played: ROWS, ended: true } });
  // 99 s of the file in 9.9 s, then in real time.
  expect(second.state().nowUtc).toBe(new Date(START + 99_000 + 50_100).toISOString());
  await second.close();
  now = 70_000;
  const third = await start(1);
  await until('the end again', () => ends === 2);
  expect(third.state().nowUtc).toBe(new Date(START + 99_000 + 60_100).toISOString());
});

test('another file, and what is no such file, are refused', async () => {
  const day = new KeptDay(kept, { sha256: 'a', wallMs: () => WALL });
  expect(day.nowUtcMs(START)).toBeNull();
  day.save(START, 2);
  expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual({
    sha256: 'a',
    utcMs: START,
    wallMs: WALL,
    speed: 2,
  });
  await expect(start()).rejects.toMatchObject({ code: 'SIMULATOR_DAY_INVALID' });
  writeFileSync(kept, '{}');
  expect(() => day.nowUtcMs(START)).toThrow(expect.objectContaining({ code: 'SIMULATOR_DAY_INVALID' }));
});

test('as fast as possible cannot be kept', async () => {
  const source = { kind: 'file', path, symbol: 'EURUSD', speed: 'max', kept } as const;
  await expect(startSimulator({ source })).rejects.toMatchObject({ code: 'SCENARIO_INVALID' });
});
