// The command itself, with the pause that it really makes: a broker whose clock is not settled holds nobody up, and its rows stay as they are.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseClockRule } from '@fxtape/market';
import { tableNames } from '@fxtape/questdb';
import { runFxtape, tempDir } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { http, record, server } from './clock-apply-rig.ts';
import { expectStored } from './clock-apply-runs.ts';

const [WRONG, RIGHT] = [parseClockRule('UTC+2h'), parseClockRule('Europe/Athens')];

test('clock apply corrects whom it can, names whom it leaves alone, and removes the old tables', async () => {
  const expected = await record(WRONG, RIGHT, 21);
  await http.exec(
    `INSERT INTO clock_rules (ts, server, ts_decided, rule, rule_id, confidence) VALUES ('1971-01-01T00:00:00Z', 'Elsewhere', '2026-01-01T00:00:00Z', 'UTC+5h', 'UTC+5h', 'provisional')`,
  );
  const folder = tempDir('clock-apply');
  try {
    const config = join(folder.path, 'fxtape.yaml');
    writeFileSync(
      config,
      `accounts:\n  - { id: 0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f, name: icm, key: FXSOCKET_API_KEY, market_data: { feed: f, symbols: [EURUSD] }, clock: { rule: "${RIGHT.id}" } }\n`,
    );
    const env = { FXTAPE_CONFIG: config, FXSOCKET_API_KEY: 'fxs_ro_demo', QDB_CLIENT_CONF: server.conf };
    const run = (...args: string[]) =>
      runFxtape(['clock', 'apply', ...args], { dataDir: folder.path, env, deadlineMs: 200_000 });
    const none = await run('--abort');
    expect(none.code, none.output).toBe(1);
    expect(none.output).toContain('CLOCK_APPLY_NOTHING');
    const done = await run();
    expect(done.code, done.output).toBe(0);
    expect(done.output).toContain('rows of Elsewhere are left as they are: its clock rule is not settled');
    await expectStored(expected);
    const again = await run();
    expect(again.output).toContain('CLOCK_APPLY_PROVISIONAL');
    const dry = await run('--dry-run');
    expect(dry.code, dry.output).toBe(0);
    expect(dry.output).toContain('rows of Elsewhere are left as they are');
    expect(dry.stdout).toContain('nothing needs correcting');
    expect(dry.stdout).not.toMatch(/pause|copying|disk space needed/);
    const dropped = await run('--drop-old');
    expect(dropped.code, dropped.output).toBe(0);
    expect((await tableNames(http)).filter((name) => /_(before|corrected)_/.test(name))).toEqual([]);
    await expectStored(expected);
  } finally {
    await folder.remove();
  }
}, 480_000);
