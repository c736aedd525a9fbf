// No key in any log, tape, metric, state or table, whatever goes wrong.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { chance } from './chance.ts';
import { begin } from './lane.ts';

const filesBelow = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });

test('no-key: logs at their most talkative, tape, metrics, state, tables', async () => {
  const between = chance('no-key');
  const ms = between(1500, 5000);
  const recording = await begin({ ticksPerSecond: 500 });
  const env = { LOG_LEVEL: 'trace' };
  let service = await recording.collector(recording.dataDir, env);
  await recording.live(service);
  for (const [kind, parameters] of [
    ['refuse_upgrade', { status: 401, ms, dropOpen: true }],
    ['rest', { path: '/Symbols', status: 401, body: 'Authorization: Bearer', ms }],
    ['junk', { what: 'huge' }],
    ['close', { code: 1008, reason: 'bad key' }],
  ] as const) {
    await recording.gateway.fault(kind, parameters);
    await delay(ms + 1000);
  }
  await service.kill('SIGKILL');
  service = await recording.collector(recording.dataDir, env);
  await recording.live(service);
  // A wrong key too: refused, and not repeated in the refusal.
  const wrong = await recording.collector(join(recording.dir, 'wrong'), {
    ...env,
    FXSOCKET_API_KEY: 'fxs_live_wrong_1234',
  });
  await delay(4000);
  const pages: string[] = [];
  for (const each of [service, wrong]) {
    for (const path of ['/metrics', '/state', '/readyz'])
      pages.push(await (await fetch(`${each.http}${path}`)).text());
  }
  for (const table of ['rejected', 'gap_events']) pages.push(JSON.stringify(await recording.sql(table)));
  const files = filesBelow(recording.dir).filter(
    (path) => !path.includes('scenario.json') && !path.includes('/simulator/'),
  );
  expect(files.some((path) => path.endsWith('.ndjson'))).toBe(true);
  expect(files.some((path) => path.endsWith('collector.log'))).toBe(true);
  for (const path of files) {
    const bytes = readFileSync(path);
    pages.push(path.endsWith('.zst') ? zstdDecompressSync(bytes).toString() : bytes.toString());
  }
  for (const page of pages) expect(/fxs_(ro|live)_\w+/.exec(page)?.[0]).toBeUndefined();
});
