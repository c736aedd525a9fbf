// `fxtape dataset export` and `update` are killed at random moments, and meet a full disk: no version lies, and the same command completes it.
import { execFileSync } from 'node:child_process';
import { statfsSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkVersion, Dataset, openStore } from '@fxtape/datasets';
import { createLog, systemClock } from '@fxtape/ops';
import { migrate, QuestDbHttp, requireSettled } from '@fxtape/questdb';
import { type QuestDbServer, runFxtape, startFxtape, startQuestDb, tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chance } from './chance.ts';

const ROWS = 1_500_000;
const SYMBOLS = 12;
const DAYS = 120;
const KILLS = 10;
const FROM = '2026-03-01T00:00:00Z';
const FROM_US = Date.parse(FROM) * 1000;
const TO = new Date(FROM_US / 1000 + DAYS * 86_400_000).toISOString();

let server: QuestDbServer;
let http: QuestDbHttp;
const temp = tempDir('dataset-kills');

beforeAll(async () => {
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log: createLog({ service: 'test', level: 'silent' }) });
  await insert(ROWS, 0);
}, 300_000);
afterAll(async () => {
  http.close();
  await server.close();
  await temp.remove();
});

/** Ticks spread over the whole range; `shiftUs` tells two lots apart. */
async function insert(rows: number, shiftUs: number): Promise<void> {
  const stepUs = Math.floor((DAYS * 86_400_000_000) / rows);
  await http.exec(
    `INSERT INTO ticks (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source)
     SELECT ts, 'kills', 'S' || (x % ${SYMBOLS}), dateadd('u', 40000, ts), 1 + (x % 9973) / 16384.0, 1 + (x % 9973 + 3) / 16384.0, 7200, 'live'
     FROM (SELECT x, cast(${FROM_US} + ${shiftUs} + (x - 1) * ${stepUs} as timestamp) ts FROM long_sequence(${rows}))`,
    { deadlineMs: 120_000 },
  );
  await requireSettled(http, systemClock(), ['ticks'], { waitMs: 120_000 });
}

const options = () => ({
  dataDir: join(temp.path, 'data'),
  cwd: temp.path,
  env: { QDB_CLIENT_CONF: server.conf },
});
const exportInto = (folder: string): string[] => [
  'export',
  'ticks',
  '--from',
  FROM,
  '--to',
  TO,
  '-o',
  folder,
];
const open = async (folder: string): Promise<Dataset> =>
  new Dataset({ store: await openStore(join(temp.path, folder)), engine: 'test' });

/** How long the command takes when nobody disturbs it. */
async function timed(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const { code, output } = await runFxtape(args, { ...options(), deadlineMs: 300_000 });
  expect(code, output).toBe(0);
  return performance.now() - startedMs;
}

/** Starts the command again and again and kills it; after each kill the newest version is `was`, or the next one, complete. */
async function killed(
  args: readonly string[],
  folder: string,
  was: number | null,
  wholeMs: number,
): Promise<void> {
  const between = chance(`kills of ${args[0]}`);
  for (let kill = 0; kill < KILLS; kill++) {
    const command = await startFxtape(args, options());
    await Promise.race([delay(between(300, wholeMs)), command.exited]);
    command.signal('SIGKILL');
    await command.exited;
    const dataset = await open(folder);
    const newest = await dataset.log.newestVersion();
    expect([was, (was ?? -1) + 1]).toContain(newest);
    if (newest !== null) expect(await checkVersion(dataset)).toMatchObject({ findings: [] });
    if (newest !== was) return console.log(`committed at kill ${kill + 1} of ${KILLS}`);
  }
}

test('ten kills of an export, ten of an update', { timeout: 1_500_000 }, async () => {
  const exportMs = await timed(exportInto('undisturbed'));
  await killed(exportInto('set'), 'set', null, exportMs);
  if ((await (await open('set')).log.newestVersion()) === null) await timed(exportInto('set'));
  const first = await (await open('undisturbed')).manifest();
  expect(first.rows).toBe(ROWS);
  expect((await (await open('set')).manifest(0)).hash).toBe(first.hash);

  await insert(50_000, 5);
  const update = (folder: string): string[] => ['dataset', 'update', folder, '--to', TO];
  const updateMs = await timed(update('undisturbed'));
  await killed(update('set'), 'set', 0, updateMs);
  if ((await (await open('set')).log.newestVersion()) === 0) await timed(update('set'));
  const second = await (await open('undisturbed')).manifest();
  expect(second).toMatchObject({ version: 1, rows: ROWS + 50_000 });
  expect((await (await open('set')).manifest()).hash).toBe(second.hash);
  expect(await checkVersion(await open('set'), { version: 0 })).toMatchObject({ rows: ROWS, findings: [] });
  expect(await checkVersion(await open('set'))).toMatchObject({ rows: ROWS + 50_000, findings: [] });
});

test('the disk is full: one clear error, no version, and the same command completes it', {
  timeout: 600_000,
}, async (context) => {
  const disk = join(temp.path, 'disk');
  try {
    execFileSync('mkdir', [disk]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m', 'tmpfs', disk], { stdio: 'pipe' });
  } catch (error) {
    return context.skip(`no file system can be mounted here: ${String(error)}`);
  }
  try {
    const { bavail, bsize } = statfsSync(disk);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - 6_000_000));
    const failed = await runFxtape(exportInto(join(disk, 'set')), { ...options(), deadlineMs: 300_000 });
    expect(failed.code, failed.output).toBe(1);
    expect(failed.output).toContain('DATASET_STORE_FULL');
    expect(await (await open('disk/set')).log.newestVersion()).toBeNull();
    rmSync(ballast);
    await timed(exportInto(join(disk, 'set')));
    const undisturbed = await open('undisturbed');
    const made = await (await open('disk/set')).manifest();
    expect(made.hash).toBe((await undisturbed.manifest()).hash);
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});
