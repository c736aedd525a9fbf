// A tape is kept small although one of its segments cannot be compressed, and retention waits for no compression.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listSegments, TapeWriter } from '@fxtape/tape';
import { type Log, systemClock } from '@fxtape/ops';
import { afterEach, expect, test, vi } from 'vitest';
import { tidy } from './upkeep.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const DAY_US = 86_400_000_000;
const FIRST_US = Date.UTC(2026, 5, 22, 12) * 1000;

test('a segment that cannot be compressed keeps neither the next one nor retention waiting', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'upkeep-'));
  folders.push(dir);
  const options = { dir, account: 'demo', head: () => null, clock: systemClock() };
  const tape = await TapeWriter.open(options);
  for (let day = 0; day < 5; day++) {
    tape.append([{ conn: 1, recvUs: FIRST_US + day * DAY_US, mark: 'live', frame: '{}' }]);
    await tape.sync();
  }
  const [first, second] = await listSegments(dir);
  if (first === undefined || second === undefined) throw new Error('no segments');
  // What cannot be read as a file cannot be compressed.
  rmSync(second.path);
  mkdirSync(second.path);
  const confirmed = {
    position: { segment: FIRST_US + 2 * DAY_US, offset: 0 },
    ledger: null,
    answeredMs: 0,
    witness: null,
  };
  const nowMs = (): number => (FIRST_US + DAY_US) / 1000 + 30 * 86_400_000;
  const error = vi.fn();
  await tidy({
    dir,
    tape,
    checkpoints: { confirmed },
    retentionMs: () => 30 * 86_400_000,
    clock: { ...systemClock(), nowMs },
    log: { error } as unknown as Log,
  });
  const left = await listSegments(dir);
  expect(left.map(({ segment }) => segment)).toEqual([1, 2, 3, 4].map((day) => FIRST_US + day * DAY_US));
  expect(left.map(({ compressed }) => compressed)).toEqual([false, true, true, false]);
  expect(error.mock.calls).toMatchObject([[{ err: { code: 'TAPE_IO' }, segments: 1 }, expect.any(String)]]);
  await tape.close();
});
