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
  await checkpoints.belongTo('1', async () => true);
  const last = 8640;
  for (let n = 1; n <= last; n++) {
    checkpoints.answered({
      position: { segment: n, offset: 0 },
      ledger: n,
      answeredMs: n * 10_000,
      witness: null,
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
  expect((await readCursor(dir))?.state).toMatchObject({ ledger: confirmed, database: '1' });
});

const begun = async (state: unknown) => {
  const dir = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  folders.push(dir);
  const position = { segment: 2000, offset: 7 };
  return new Checkpoints(dir, { position, state });
};
const WITNESS = { table: 'account_events', ts: 1500, is: { account: 'demo', ts: 1500 }, atUs: 1500 };
const saved = { v: 3, ledger: 'ledger', database: '1000', witness: WITNESS };

test.each([
  ['the same database', saved, '1000', true, true],
  ['an emptied one, or another engine', saved, '2500', true, false],
  ['an older copy of the same', saved, '1000', false, false],
  ['one that an older release confirmed to', 'ledger', '1000', true, true],
  ['one that was made after an older release confirmed', 'ledger', '2500', true, false],
])(
  'sending resumes at the cursor only for its own database: %s',
  async (_what, state, database, has, same) => {
    const checkpoints = await begun(state);
    expect(await checkpoints.belongTo(database, async () => has)).toBe(same);
    expect(checkpoints.confirmed?.ledger ?? null).toBe(same ? 'ledger' : null);
  },
);

test('a database that has confirmed nothing yet is told from the next one all the same', async () => {
  const checkpoints = new Checkpoints('/nowhere', null);
  const has = async () => true;
  for (const [database, same] of [
    ['1', true],
    ['1', true],
    ['2', false],
    ['3', false],
    ['3', true],
  ] as const)
    expect([database, await checkpoints.belongTo(database, has)]).toEqual([database, same]);
});

test('what cannot be asked changes nothing', async () => {
  const checkpoints = await begun(saved);
  await expect(checkpoints.belongTo('1000', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(checkpoints.confirmed?.ledger).toBe('ledger');
});
