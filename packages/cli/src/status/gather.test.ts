// A folder on which nothing runs: what answers at a default address belongs to somebody else, and is not asked.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readCliEnv } from '../env.ts';
import { gather } from './gather.ts';

const dir = mkdtempSync(join(tmpdir(), 'fxtape-gather-'));
let asked = 0;
/** A QuestDB without a password. */
const server = createServer((_, response) => {
  asked++;
  response.end(
    JSON.stringify({
      columns: [{ name: 'build', type: 'VARCHAR' }],
      dataset: [['Build Information: QuestDB 9.3.4']],
      count: 1,
    }),
  );
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

test('of a stopped folder, engines at default addresses are not asked; one that is named is', async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const conf = `http::addr=127.0.0.1:${(server.address() as AddressInfo).port};`;
  vi.stubEnv('FXTAPE_DATA_DIR', dir);
  const env = { ...readCliEnv(), QDB_CLIENT_CONF: conf };
  const { facts } = await gather(env, null);
  expect(facts.questdb).toMatchObject({ code: 'NOT_RUNNING' });
  expect(facts.gaps).toBe(facts.questdb);
  expect(facts.jobs).toMatchObject({ code: 'NOT_RUNNING' });
  expect(asked).toBe(0);
  vi.stubEnv('QDB_CLIENT_CONF', conf);
  const named = await gather(env, null);
  expect(named.facts.questdb).toMatchObject({ version: '9.3.4' });
});
