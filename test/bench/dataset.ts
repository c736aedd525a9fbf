// Datasets of many ticks: 50 million of 28 symbols in 12 months (`--short`: 2 million). Beside our export QuestDB's own `/exp` of the same queries into
// files, without hashes or proof, and what many do: pandas over the PostgreSQL wire, of one symbol-month, as its memory grows with the rows.
import { execFileSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { checkVersion, Dataset, diffVersions, openStore, type Selection } from '@fxtape/datasets';
import { createLog, systemClock } from '@fxtape/ops';
import { DatasetSource, migrate, QuestDbHttp, requireSettled } from '@fxtape/questdb';
import { pythonWith, startQuestDb } from '@fxtape/testkit';
import type { BenchOptions } from './options.ts';
import { childNamed } from './processes.ts';
import { figure, note, table, title } from './report.ts';

const FROM_US = Date.UTC(2025, 0, 1) * 1000;
const DAY_US = 86_400_000_000;
const DAYS = 365;
const SYMBOLS = 28;
const STATEMENT_MS = 900_000;

const clock = systemClock();
const log = createLog({ service: 'bench', level: 'silent' });

export const dataset = async (o: BenchOptions): Promise<void> => {
  title('dataset: export, update, check, diff');
  const server = await startQuestDb();
  const http = new QuestDbHttp({ conf: server.conf });
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-bench-dataset-'));
  try {
    await migrate({ client: http, log });
    await measure({ http, dir, pg: server.pg, rows: o.short ? 2_000_000 : 50_000_000 });
  } finally {
    http.close();
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

interface Rig {
  readonly http: QuestDbHttp;
  readonly dir: string;
  readonly pg: string;
  readonly rows: number;
}

async function measure({ dir, http, pg, rows }: Rig): Promise<void> {
  const stepUs = Math.floor((DAYS * DAY_US) / rows);
  await http.exec(
    `INSERT INTO ticks (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source)
     SELECT ts, 'bench', 'S' || (x % ${SYMBOLS}), dateadd('u', 40000, ts), 1 + rnd_int(0, 99999, 0) / 100000.0, 1.0001 + rnd_int(0, 99999, 0) / 100000.0, 7200, 'live'
     FROM (SELECT x, cast((${FROM_US} + x * ${stepUs}) / 1000 * 1000 as timestamp) ts FROM long_sequence(${rows}))`,
    { deadlineMs: STATEMENT_MS },
  );
  await requireSettled(http, clock, ['ticks'], { waitMs: STATEMENT_MS });
  const source = new DatasetSource({ http, clock });
  const selection: Selection = {
    kind: 'ticks',
    feeds: [],
    symbols: [],
    accounts: [],
    timeframes: [],
    fromUs: FROM_US,
    toUs: FROM_US + DAYS * DAY_US,
    asOfUs: null,
    reception: false,
    resample: null,
  };
  const nowUs = FROM_US + 400 * DAY_US;
  const results: [string, number, number][] = [];
  const timed = async <T>(what: string, of: number, run: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const result = await run();
    results.push([what, of, performance.now() - startedMs]);
    return result;
  };
  const before = memory();
  await timed('/exp into files, two at a time, no hash and no proof', rows, () => bareExports(http, dir));
  const set = new Dataset({ store: await openStore(join(dir, 'set')), engine: 'fxtape bench' });
  const first = await timed('dataset export', rows, () => set.export(selection, { source, nowUs }));
  const after = memory();
  await timed('dataset update, nothing changed', rows, () => set.update(selection.toUs, { source, nowUs }));
  await timed('dataset check', rows, () => checkVersion(set));
  const other = new Dataset({ store: await openStore(join(dir, 'other')), engine: 'fxtape bench' });
  await http.exec(
    `INSERT INTO ticks (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source)
     SELECT dateadd('u', 7, ts), feed, symbol, ts_recv, bid, ask, utc_offset_s, source FROM ticks WHERE symbol = 'S3' AND ts < ${FROM_US + 30 * DAY_US}`,
    { deadlineMs: STATEMENT_MS },
  );
  const second = await other.export(selection, { source, nowUs });
  const different = await timed('dataset diff, one symbol-month differs', first.rows + second.rows, () =>
    diffVersions({ dataset: set, manifest: first }, { dataset: other, manifest: second }),
  );
  const monthRows = first.files[0]?.rows ?? 0;
  const python = await pythonWith(new URL('requirements.txt', import.meta.url).pathname);
  await timed('pandas over the PostgreSQL wire, one symbol-month', monthRows, () => pandas(python, pg, dir));
  table(
    ['what', 'rows', 's', 'rows/s'],
    results.map(([what, of, ms]) => [what, of, figure(ms / 1000, 1), Math.round(of / (ms / 1000))]),
  );
  const [bare, ours] = [results[0]?.[2] ?? Number.NaN, results[1]?.[2] ?? Number.NaN];
  note(`export takes ${figure(ours / bare, 2)} times as long as bare /exp; ${first.files.length} files`);
  note(`rows that differ: ${figure(different.reduce((sum, each) => sum + each.rows, 0))}`);
  note(
    `this process: ${figure(after.ownMb)} MB at most; QuestDB grew from ${figure(before.questdbMb)} to ${figure(after.questdbMb)} MB`,
  );
}

/** The same queries as ours, by symbol and month. */
async function bareExports(http: QuestDbHttp, dir: string): Promise<void> {
  const slices = Array.from({ length: SYMBOLS * 12 }, (_, i) => ({
    symbol: `S${i % SYMBOLS}`,
    month: Math.floor(i / SYMBOLS),
  }));
  const work = async (): Promise<void> => {
    for (let next = slices.shift(); next !== undefined; next = slices.shift()) {
      const [from, to] = [Date.UTC(2025, next.month) * 1000, Date.UTC(2025, next.month + 1) * 1000];
      const sql = `SELECT ts, bid, ask, last, volume, utc_offset_s FROM ticks WHERE feed = 'bench' AND symbol = '${next.symbol}' AND ts >= ${from} AND ts < ${to} ORDER BY ts, ts_recv`;
      const body = await http.exportParquet(sql, {});
      await pipeline(body, createWriteStream(join(dir, 'bare.parquet')));
    }
  };
  await Promise.all([work(), work()]);
}

function pandas(python: string, pg: string, dir: string): Promise<void> {
  const script = join(dir, 'naive.py');
  writeFileSync(
    script,
    `import pandas, psycopg
with psycopg.connect("${pg}", autocommit=True) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT ts, bid, ask, last, volume, utc_offset_s FROM ticks WHERE symbol = 'S0' AND ts < '2025-02-01' ORDER BY ts, ts_recv")
    frame = pandas.DataFrame(cursor.fetchall(), columns=[c.name for c in cursor.description])
frame.to_parquet("${join(dir, 'naive.parquet')}", compression="zstd")
`,
  );
  execFileSync(python, [script], { stdio: ['ignore', 'inherit', 'inherit'] });
  return Promise.resolve();
}

/** MB: the most this process had, and what QuestDB has now, without mapped files. */
function memory(): { ownMb: number; questdbMb: number } {
  const pid = childNamed('java');
  const status = pid === null ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
  const anonymousKb = Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN);
  return { ownMb: process.resourceUsage().maxRSS / 1024, questdbMb: anonymousKb / 1024 };
}
