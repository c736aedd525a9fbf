import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskOf } from './disk.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const DAY = 86_400_000;
let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'fxtape-disk-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const away = {
  exec: () => Promise.reject(new FxtapeError({ code: 'QDB_UNREACHABLE', message: 'gone' })),
};
const holding = (...days: readonly (readonly [number, number])[]) => ({
  exec: () =>
    Promise.resolve({
      columns: [],
      dataset: days.map(([ago, size]) => [String((NOW - ago * DAY) * 1000), String(size)]),
    }),
});
const segment = (ago: number, bytes: number): void => {
  const at = NOW - ago * DAY;
  const day = new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
  const folder = join(dir, 'tape', 'icm', day);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${String(at * 1000).padStart(16, '0')}.ndjson`), Buffer.alloc(bytes));
};

test('the mean of whole days, of the tape and of ticks in the same folder', async () => {
  mkdirSync(join(dir, 'questdb'));
  segment(1, 100);
  segment(2, 300);
  segment(0, 5000);
  segment(20, 9000);
  const fact = await diskOf(dir, holding([1, 1000], [2, 3000], [0, 70_000], [30, 8000]), NOW);
  expect(fact?.perDayBytes).toBe((100 + 1000 + 300 + 3000) / 2);
  expect(fact?.freeBytes).toBeGreaterThan(0);
});

test('a database elsewhere takes nothing here; one that is away is left out; without a whole day nothing is known', async () => {
  segment(0, 5000);
  expect((await diskOf(dir, holding([1, 1000]), NOW))?.perDayBytes).toBeNull();
  mkdirSync(join(dir, 'questdb'));
  segment(1, 100);
  expect((await diskOf(dir, away, NOW))?.perDayBytes).toBe(100);
  expect(await diskOf(join(dir, 'none'), away, NOW)).toBeNull();
  writeFileSync(join(dir, 'file'), '');
  expect(await diskOf(join(dir, 'file'), away, NOW)).toBeNull();
});
