import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, Shutdown } from '@fxtape/ops';
import { afterEach, expect, test, vi } from 'vitest';
import { configInForce, followConfig } from './in-force.ts';

const folder = mkdtempSync(join(tmpdir(), 'in-force-'));
const env = { FXTAPE_CONFIG: join(folder, 'fxtape.yaml'), FXSOCKET_BASE_URL: 'http://127.0.0.1:1' };
const log = createLog({ service: 'test', level: 'silent' });
const shutdown = new Shutdown({ log, deadlineMs: 1000, exit: () => {} });
afterEach(async () => {
  await shutdown.run();
  rmSync(folder, { recursive: true });
});

const write = (tape: string): void =>
  writeFileSync(
    env.FXTAPE_CONFIG,
    `accounts: [{ name: a, id: 0f9c2d4e-1a2b-4c3d-8e5f-60718293a4b5, market_data: false }]\nretention: { tape: ${tape} }\n`,
  );

test('an edit during start-up is reported, and later edits are too after a callback fails', async () => {
  write('1d');
  const config = await configInForce(env);
  write('2d');
  const seen: number[] = [];
  followConfig(env, config, { log, shutdown }, async (next) => {
    seen.push(next.retention.tapeMs / 86_400_000);
    if (seen.length === 1) throw new Error('not now');
  });
  await vi.waitFor(() => expect(seen).toEqual([2]), { timeout: 10_000, interval: 20 });
  write('3d');
  await vi.waitFor(() => expect(seen).toEqual([2, 3]), { timeout: 10_000, interval: 20 });
});
