import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FxtapeError, type ThrownCode } from '@fxtape/ops';
import { afterEach, expect, test, vi } from 'vitest';
import { whereNothingRuns } from './not-running.ts';

const dir = mkdtempSync(join(tmpdir(), 'fxtape-not-running-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

const refused = (code: ThrownCode): FxtapeError =>
  new FxtapeError({ code, message: 'ECONNREFUSED', hint: 'Start it' });

test('a refused connection means that nothing runs, unless somebody named the address or an `up` runs', () => {
  vi.stubEnv('FXTAPE_DATA_DIR', dir);
  vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
  const away = refused('QDB_UNREACHABLE');
  expect(whereNothingRuns(away)).toMatchObject({
    code: 'NOT_RUNNING',
    // Not the folder of the demonstration inside it, which FXTAPE_DATA_DIR does not take.
    message: `no \`fxtape up\` is running on ${dir}, and QDB_CLIENT_CONF is not set`,
  });
  // The QuestDB of another folder answers there.
  expect(whereNothingRuns(refused('QDB_UNAUTHORIZED'))).toMatchObject({ code: 'NOT_RUNNING' });
  for (const other of [refused('QUEUE_UNREACHABLE'), refused('QDB_SQL'), new Error('it')])
    expect(whereNothingRuns(other)).toBe(other);
  mkdirSync(join(dir, 'run'), { recursive: true });
  writeFileSync(join(dir, 'run', 'stack.json'), JSON.stringify({ pid: process.pid, services: [], env: {} }));
  expect(whereNothingRuns(away)).toBe(away);
});
