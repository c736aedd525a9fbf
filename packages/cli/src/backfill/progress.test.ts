import { expect, test } from 'vitest';
import { ProgressMeter, progressLine, standStill } from './progress.ts';

test('the line, from the first look to the last', () => {
  const meter = new ProgressMeter(200);
  const look = (atMs: number, settled: number, rows: number) =>
    progressLine(meter.add({ atMs, settled, rows }), 10);
  expect([
    look(0, 0, 0),
    look(500, 3, 900),
    look(10_000, 50, 480_000),
    look(40_000, 100, 1_980_000),
    look(79_000, 200, 3_700_000),
  ]).toMatchInlineSnapshot(`
    [
      "[··········]  0 of 200 jobs · 0 rows",
      "[··········]  3 of 200 jobs · 900 rows",
      "[##········]  50 of 200 jobs · 480 k rows · 48 k rows/s · 30 s left",
      "[#####·····]  100 of 200 jobs · 1.98 M rows · 50 k rows/s · 40 s left",
      "[##########]  200 of 200 jobs · 3.7 M rows · 44.1 k rows/s",
    ]
  `);
});

test('no job, no time that is left; one job', () => {
  expect(progressLine(new ProgressMeter(0).add({ atMs: 0, settled: 0, rows: 0 }), 4)).toBe(
    '[####]  0 of 0 jobs · 0 rows',
  );
  expect(progressLine(new ProgressMeter(1).add({ atMs: 0, settled: 0, rows: 5 }), 4)).toBe(
    '[····]  0 of 1 job · 5 rows',
  );
});

test('what stands still says what it waits for', () => {
  expect(standStill({ active: 1, waiting: 0, resting: 0, trouble: null })).toBe('1 running');
  expect(standStill({ active: 0, waiting: 2, resting: 1, trouble: 'FXSOCKET_DEADLINE: no answer' })).toBe(
    '2 behind other jobs of the account, 1 resting until the gateway is asked again, last try: FXSOCKET_DEADLINE: no answer',
  );
});
