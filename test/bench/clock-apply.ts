// `fxtape clock apply` on a large recording: 40 million ticks (`--short`: 4 million), bars, claims, and a writer that runs until the pause. It measures the
// disk space of the copies and the length of the pause, next to what `--dry-run` predicted.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  ApplyJournal,
  ClockApply,
  dropOldTables,
  isAffected,
  measure,
  serverClocks,
} from '@fxtape/cli/clock-apply';
import { createLog, systemClock } from '@fxtape/ops';
import { type Row, type RowInput, type TableName, tables } from '@fxtape/market';
import {
  encodeRows,
  HistoryReader,
  isSqlCorrected,
  migrate,
  QuestDbHttp,
  requireSettled,
} from '@fxtape/questdb';
import { startQuestDb } from '@fxtape/testkit';
import type { BenchOptions } from './options.ts';
import { childNamed, sight } from './processes.ts';
import { figure, note, table, title } from './report.ts';

const FROM_US = Date.UTC(2025, 7, 1) * 1000;
const DAY_US = 86_400_000_000;
const TICKS_A_DAY = 400_000;
const SYMBOLS = 28;
const CLAIMS = 50_000;
const RULES = ['America/New_York+7h', 'Europe/Athens'];
const STATEMENT_MS = 600_000;

const log = createLog({ service: 'bench', level: 'silent' });
const clock = systemClock();
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (sinceMs: number): number => (performance.now() - sinceMs) / 1000;

export const clockApply = async (o: BenchOptions): Promise<void> => {
  title('clock-apply: room and pause of a correction');
  const server = await startQuestDb();
  const http = new QuestDbHttp({ conf: server.conf });
  try {
    await migrate({ client: http, log });
    await correct(http, o.short ? 10 : 100);
  } finally {
    http.close();
    await server.close();
  }
};

async function correct(http: QuestDbHttp, days: number): Promise<void> {
  await record(http, days);
  const configured = RULES.map((rule, i) => ({ name: `a${i}`, clock: { rule, replayed: false } }));
  const { servers } = await serverClocks({ configured, reader: new HistoryReader({ http, clock }), http });
  const began = performance.now();
  const told = await measure({ http, clock, servers });
  const measuredS = seconds(began);
  const affected = told.tables.filter(isAffected);
  const bytes = affected.reduce((sum, each) => sum + each.bytes, 0);
  const pid = childNamed('java');
  const room = watchRoom(pid);
  // Other work on the machine makes it slower, and the server does not take more of a core for it.
  let mark = sight(pid);
  const cores = (): number => {
    const [before, now] = [mark, sight(pid)];
    mark = now;
    return before === null || now === null ? Number.NaN : (now.cpuMs - before.cpuMs) / 1000;
  };
  const writer = startWriter(http, FROM_US + days * DAY_US);
  const journal = new ApplyJournal({ http, clock });
  const laps = new Map<string, number>();
  let [since, pausedAt, fillCores] = [performance.now(), 0, 0];
  const apply = new ClockApply({
    http,
    journal,
    owner: 'bench',
    clock,
    log,
    onStep: async (step) => {
      const kind = step.split(' ')[0] ?? step;
      laps.set(kind, (laps.get(kind) ?? 0) + seconds(since));
      if (step === 'pausing') {
        // The gate does that to a collector.
        await writer.stop();
        pausedAt = performance.now();
        fillCores = cores();
      }
      since = performance.now();
    },
  });
  const start = performance.now();
  const names = affected.flatMap(({ table: name }) => (isSqlCorrected(name) ? [name] : []));
  await apply.run(await apply.begin(servers, names));
  const [pauseS, pauseCores] = [seconds(pausedAt), cores()];
  const fillS = (pausedAt - start) / 1000;
  const grown = room.stop();
  const dropped = performance.now();
  await dropOldTables({ http, clock, journal, servers });
  table(
    ['', 'told', 'measured', 'of one core'],
    [
      ['MB of the tables', figure(bytes / 1e6), null, null],
      ['MB beside them', figure(told.needBytes / 1e6), figure(grown / 1e6), null],
      ['copying, s', figure(told.seconds, 1), figure(fillS, 1), figure(fillCores, 1)],
      ['pause, s', figure(told.pauseSeconds, 1), figure(pauseS, 1), figure(pauseCores, 1)],
      ['--dry-run, s', null, figure(measuredS, 1), null],
      ['--drop-old, s', null, figure(seconds(dropped), 1), null],
    ],
  );
  for (const { rows, table: name } of affected) note(`${name}: ${figure(rows)} rows`);
  note(`until each step: ${[...laps].map(([kind, s]) => `${kind} ${figure(s, 1)} s`).join(', ')}`);
}

async function record(http: QuestDbHttp, days: number): Promise<void> {
  for (let day = 0; day < days; day++) {
    const us = FROM_US + day * DAY_US;
    const step = DAY_US / TICKS_A_DAY;
    const feed = "CASE WHEN x % 2 = 0 THEN 'f0' ELSE 'f1' END";
    await http.exec(
      `INSERT INTO ticks (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source) SELECT cast(${us} + x * ${step} as timestamp), ${feed}, concat('S', cast(x % ${SYMBOLS} as int)), cast(${us} - 3600000000 + x * ${step} + 40000 as timestamp), 1.1 + (x % 1000) / 100000.0, 1.1001 + (x % 1000) / 100000.0, 7200, 'live' FROM long_sequence(${TICKS_A_DAY})`,
      { deadlineMs: STATEMENT_MS },
    );
    for (const name of ['bars', 'bar_revisions'])
      await http.exec(
        `INSERT INTO ${name} (ts, feed, symbol, timeframe, open, high, low, close, tick_volume, utc_offset_s, ts_seen) SELECT cast(${us} + (x / ${SYMBOLS}) * 60000000 as timestamp), ${feed}, concat('S', cast(x % ${SYMBOLS} as int)), 'M1', 1.1, 1.2, 1.0, 1.1 + (x % 1000) / 100000.0, x, 7200, cast(${FROM_US + days * DAY_US} as timestamp) FROM long_sequence(${SYMBOLS * 1440 - 1})`,
        { deadlineMs: STATEMENT_MS },
      );
  }
  const accounts = RULES.map((_, i) => ({
    ts: FROM_US,
    account: `a${i}`,
    account_id: 'x',
    login: 1,
    server: `S${i}`,
    currency: 'USD',
    feed: `f${i}`,
  }));
  await write(http, 'accounts', accounts);
  const claimUs = (days * DAY_US) / CLAIMS;
  const claims = Array.from({ length: CLAIMS }, (_, i): RowInput<'coverage'> => {
    const ts = FROM_US + i * claimUs;
    const of = { account: `a${i % 2}`, feed: `f${i % 2}`, symbol: 'S0', stream: 'ticks', timeframe: null };
    return { ts, ts_to: ts + claimUs, ...of, range_id: `r${i}`, source: 'live', rows: 1, rule_id: 'UTC+2h' };
  });
  for (let i = 0; i < CLAIMS; i += 5000) await write(http, 'coverage', claims.slice(i, i + 5000));
  await requireSettled(http, clock, Object.keys(tables), { waitMs: STATEMENT_MS });
}

async function write<N extends TableName>(
  http: QuestDbHttp,
  name: N,
  rows: readonly (RowInput<N> & Row)[],
): Promise<void> {
  const answer = await http.write(name, encodeRows(tables[name], rows).body);
  if (answer.kind !== 'stored') throw new Error(answer.message);
}

/** Live rows of the wrong rule, 2,500 a second. */
function startWriter(http: QuestDbHttp, fromUs: number): { stop: () => Promise<void> } {
  let stopped = false;
  const done = (async () => {
    for (let n = 0; !stopped; n += 500) {
      const ts_recv = clock.nowUs();
      const rows = Array.from({ length: 500 }, (_, i): RowInput<'ticks'> => {
        const price = { bid: 1, ask: 2, last: null, volume: null };
        const of = { feed: 'f0', symbol: 'S0', utc_offset_s: 7200, source: 'live', quality: null };
        return { ts: fromUs + n * 1000 + i, ts_recv: ts_recv + i, ...of, ...price };
      });
      await write(http, 'ticks', rows);
      await delay(200);
    }
  })();
  return {
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

/**
 * By how much the folder of the database grows at most; NaN where it is not on this machine. The logs of the tables are not counted, only those of
 * the copies: they go away by and by, whatever a correction does.
 */
function watchRoom(pid: number | null): { stop: () => number } {
  const folder = pid === null ? null : dataOf(pid);
  if (folder === null) return { stop: () => Number.NaN };
  const before = bytesIn(folder);
  let most = before;
  const look = (): void => void (most = Math.max(most, bytesIn(folder)));
  const timer = setInterval(look, 1000);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return most - before;
    },
  };
}

const dataOf = (pid: number): string | null => {
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return args[args.indexOf('-d') + 1] ?? null;
};

const OWN_LOG = /^(?!.*_corrected_).*\/wal\d+(\/|$)/;

/** Bytes on the disk; files are longer than what was written to them. 0 when folders vanished meanwhile. */
function bytesIn(folder: string): number {
  try {
    let sum = 0;
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || OWN_LOG.test(entry.parentPath)) continue;
      sum += (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0) * 512;
    }
    return sum;
  } catch {
    return 0;
  }
}
