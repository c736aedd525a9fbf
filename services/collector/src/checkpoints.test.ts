// Checkpoints while the database confirms nothing, and when it does again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCursor } from '@fxtape/tape';
import { afterEach, expect, test } from 'vitest';
import { Checkpoints, TRAIL_MS } from './checkpoints.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('a day without a confirmation keeps few ledgers; the first confirmation after it moves the cursor', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  folders.push(dir);
  const checkpoints = new Checkpoints(dir, null);
  const last = 8640;
  for (let n = 1; n <= last; n++) {
    checkpoints.answered({
      position: { segment: n, offset: 0 },
      ledger: n,
      answeredMs: n * 10_000,
    });
  }
  expect(checkpoints.waiting).toBeLessThanOrEqual(60);
  // Applied is what was answered ten minutes ago: the newest checkpoint before that is kept, if not that very one.
  const nowMs = last * 10_000;
  await checkpoints.confirm(nowMs - 2 * TRAIL_MS, nowMs);
  const early = checkpoints.confirmed?.position.segment ?? 0;
  expect(early).toBeGreaterThan(0);
  expect(early).toBeLessThanOrEqual(last - 60);
  await checkpoints.confirm(nowMs, nowMs);
  const confirmed = checkpoints.confirmed?.position.segment ?? 0;
  expect(confirmed).toBeGreaterThanOrEqual(last - 32);
  expect(confirmed).toBeLessThanOrEqual(last - 30);
  expect((await readCursor(dir))?.state).toBe(confirmed);
});
