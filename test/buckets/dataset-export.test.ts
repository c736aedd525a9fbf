// A whole dataset goes into a bucket from a real database: while the server is away for 20 s, and over a run that was cut off. The versions are
// those of a folder.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkVersion, Dataset, openStore, type RowSource, type Selection } from '@fxtape/datasets';
import { createLog, systemClock } from '@fxtape/ops';
import { DatasetSource, migrate, QuestDbHttp, requireSettled } from '@fxtape/questdb';
import { type QuestDbServer, type S3Server, startQuestDb, startS3, tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const FROM_US = Date.UTC(2026, 0, 1) * 1000;
const DAYS = 90;
const temp = tempDir('bucket-export');
const before = { ...process.env };
let s3: S3Server;
let server: QuestDbServer;
let http: QuestDbHttp;
let source: DatasetSource;

beforeAll(async () => {
  s3 = await startS3();
  Object.assign(process.env, s3.env);
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log: createLog({ service: 'test', level: 'silent' }) });
  source = new DatasetSource({ http, clock: systemClock() });
  await http.exec(
    `INSERT INTO ticks (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source)
     SELECT ts, 'bucket', 'S' || (x % 6), dateadd('u', 40000, ts), x % 9973, x % 9973 + 1, 7200, 'live'
     FROM (SELECT x, cast(${FROM_US} + (x - 1) * ${DAYS * 432_000} as timestamp) ts FROM long_sequence(200000))`,
  );
  await requireSettled(http, systemClock(), ['ticks'], { waitMs: 60_000 });
}, 1_800_000);
afterAll(async () => {
  for (const name of Object.keys(s3.env)) {
    delete process.env[name];
    if (before[name] !== undefined) process.env[name] = before[name];
  }
  http.close();
  await server.close();
  await s3.close();
  await temp.remove();
});

const selection: Selection = {
  kind: 'ticks',
  feeds: [],
  symbols: [],
  accounts: [],
  timeframes: [],
  fromUs: FROM_US,
  toUs: FROM_US + DAYS * 86_400_000_000,
  asOfUs: null,
  reception: false,
  resample: null,
};
const nowUs = selection.toUs + 86_400_000_000;
const open = async (prefix: string): Promise<Dataset> =>
  new Dataset({
    store: await openStore(`s3://${s3.bucket}/${prefix}?endpoint=${s3.endpoint}&path-style=true`),
    engine: 'fxtape test',
  });

/** The source, with something that happens before each export. */
const watched = (onExport: (n: number) => Promise<void>): { source: RowSource; exports: () => number } => {
  let exports = 0;
  const parquet: RowSource['parquet'] = async (slice, signal) => {
    await onExport((exports += 1));
    return source.parquet(slice, signal);
  };
  const rows: RowSource = {
    version: (signal) => source.version(signal),
    days: (of, signal) => source.days(of, signal),
    extent: (slice, signal) => source.extent(slice, signal),
    parquet,
    gaps: (of, signal) => source.gaps(of, signal),
    uncovered: (of, gaps, signal) => source.uncovered(of, gaps, signal),
    clockRules: (of, signal) => source.clockRules(of, signal),
    conditions: (of, signal) => source.conditions(of, signal),
    corrections: (of, signal) => source.corrections(of, signal),
    oldestUs: (kind, signal) => source.oldestUs(kind, signal),
  };
  return { source: rows, exports: () => exports };
};

test('the server is away for 20 s in the middle of an export, which waits and is complete', async () => {
  const folder = new Dataset({ store: await openStore(join(temp.path, 'folder')), engine: 'fxtape test' });
  const reference = await folder.export(selection, { source, nowUs });
  const away: Promise<void>[] = [];
  const rig = watched(async (n) => {
    if (n !== 5) return;
    await s3.kill();
    away.push(delay(20_000).then(() => s3.start()));
  });
  const dataset = await open('away');
  const made = await dataset.export(selection, { source: rig.source, nowUs });
  await Promise.all(away);
  expect(away).toHaveLength(1);
  expect(made.hash).toBe(reference.hash);
  expect(await checkVersion(dataset)).toMatchObject({ rows: 200_000, findings: [] });
  dataset.store.close();
});

test('a run that was cut off: the next one makes what is missing, and no more', async () => {
  const stop = new AbortController();
  const first = watched(async (n) => {
    if (n > 8) stop.abort();
  });
  const cut = await open('cut');
  await expect(
    cut.export(selection, { source: first.source, nowUs, signal: stop.signal }),
  ).rejects.toMatchObject({ name: 'AbortError' });
  cut.store.close();
  const again = await open('cut');
  expect(await again.log.newestVersion()).toBeNull();
  const second = watched(async () => {});
  const made = await again.export(selection, { source: second.source, nowUs });
  expect(second.exports()).toBeLessThanOrEqual(made.files.length - 6);
  expect(await checkVersion(again)).toMatchObject({ rows: 200_000, findings: [] });
  again.store.close();
});
