// A database that lacks what is older than the tape begins with the tape's first line; one that came back with the tape has those rows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { markRestored, TapeWriter } from '@fxtape/tape';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TapeMemory } from '../tape/tape-memory.ts';
import { resumeAt } from './resume-at.ts';

let dir: string;
let tape: TapeWriter;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-resume-'));
  tape = await TapeWriter.open({
    dir,
    account: 'demo',
    head: () => new TapeMemory('demo').save(),
    clock: { monoMs: () => performance.now() },
  });
  tape.append([{ conn: 1, recvUs: 1_700_000_000_000_000, mark: 'live', frame: '{"n":1}' }]);
  await tape.sync();
});
afterEach(async () => {
  await tape.close();
  rmSync(dir, { recursive: true, force: true });
});

const begins = async (database: string | null): Promise<boolean> => {
  const { position, state } = await resumeAt({ confirmed: null, database }, { dir, tape });
  expect(position).toBeNull();
  expect(state).not.toBeNull();
  return state?.tellFromUs !== undefined;
};

test('a tape that was restored begins anew for every database but the one that it came back with', async () => {
  expect(await begins('5')).toBe(true);
  await markRestored(dir, '5');
  expect(await begins('5')).toBe(false);
  expect(await begins('6')).toBe(true);
  expect(await begins(null)).toBe(true);
});
