// A backfill for benchmarks: a simulated gateway on an old day, its account in the tables, a backfill process, and jobs for M1 bars. In: the
// addresses of QuestDB and Redis, symbols, days. Out: a run to start, watch and close.
import { JobQueues, type PlannedJob } from '@fxtape/jobs';
import { createLog, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  migrate,
  pgQuery,
  QuestDbHttp,
  sqlText,
  TableWriter,
} from '@fxtape/questdb';
import { type RouteUse, SimulatedGateway, startService, tempDir, until } from '@fxtape/testkit';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY_US = 86_400_000_000;
export const SYMBOLS = 'EURUSD GBPUSD USDJPY USDCHF USDCAD AUDUSD NZDUSD EURGBP EURJPY EURCHF'.split(' ');
const START_US = Date.UTC(2026, 1, 11, 12) * 1000;
const KEY = 'fxs_ro_demo';
const log = createLog({ service: 'bench', level: 'error' });
const clock = systemClock();

/** Writes the rows that the scheduler writes for an account before it plans jobs. */
export async function register(http: QuestDbHttp, account: string, accountId: string): Promise<void> {
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  const applied = new AppliedWriter({ writer, applied: new AppliedWatch({ http, clock }) });
  const ts = clock.nowUs();
  const rule = 'America/New_York+7h';
  const server = `${account}-server`;
  await applied.write(
    {
      accounts: [{ ts, account, account_id: accountId, login: 1, server, feed: account }],
      clock_rules: [{ ts: Date.UTC(1971, 0) * 1000, server, ts_decided: ts, rule, rule_id: rule }],
    },
    { signal: AbortSignal.timeout(30_000) },
  );
  writer.close();
}

/** One job per week and symbol, newest first, like the planner's. */
const weeks = (account: string, symbols: readonly string[], fromUs: number, toUs: number): PlannedJob[] => {
  const jobs: PlannedJob[] = [];
  const width = 7 * DAY_US;
  for (let start = Math.floor(toUs / width) * width; start + width > fromUs; start -= width) {
    for (const symbol of symbols) {
      const range = { fromUs: Math.max(start, fromUs), toUs: Math.min(start + width, toUs) };
      jobs.push({
        name: 'bars',
        payload: { account, feed: account, symbol, timeframe: 'M1', ...range, why: 'history' },
      });
    }
  }
  return jobs;
};

export interface HistoryRun {
  readonly jobs: readonly PlannedJob[];
  readonly pids: { readonly gateway: number; readonly backfill: number };
  /** Queues the jobs. */
  plan(): Promise<void>;
  left(): Promise<number>;
  /** Resolves when no job is left. @throws Error when one has failed for good */
  finished(): Promise<void>;
  /** Bars in the table. */
  rows(): Promise<number>;
  /** Requests of the backfill process, by purpose. */
  purposes(): Promise<string>;
  /** The gateway's own count of the history requests. */
  use(): Promise<RouteUse>;
  close(): Promise<void>;
}

/** Starts everything; no request is made before `plan`. `answerMs` is the delay of each history answer. */
export async function historyRun(o: {
  account: string;
  accountId: string;
  conf: string;
  pg: string;
  redisUrl: string;
  symbols: readonly string[];
  days: number;
  answerMs: number;
  /** Faults of the gateway from the start. */
  faults?: readonly (readonly [kind: string, parameters: object])[];
  profileDir: string | null;
}): Promise<HistoryRun> {
  const dir = tempDir('bench-history');
  const gateway = await SimulatedGateway.start({
    dir: dir.path,
    scenario: {
      ledger: 'counts',
      accounts: [{ id: o.accountId, nickname: o.account, login: 1 }],
      source: {
        kind: 'market',
        ticksPerSecond: 0,
        symbols: o.symbols,
        startUtc: new Date(START_US / 1000).toISOString(),
      },
    },
  });
  if (o.answerMs > 0) await gateway.fault('history_slow', { requestMs: o.answerMs });
  for (const [kind, parameters] of o.faults ?? []) await gateway.fault(kind, parameters);
  const http = new QuestDbHttp({ conf: o.conf });
  await migrate({ client: http, log });
  await register(http, o.account, o.accountId);
  http.close();
  const config = join(dir.path, 'fxtape.yaml');
  writeFileSync(
    config,
    `accounts:\n  - id: ${o.accountId}\n    name: ${o.account}\n    market_data: { feed: ${o.account}, symbols: ["*"] }\n    clock: { replayed: true }\n`,
  );
  const service = await startService('backfill', {
    dataDir: dir.path,
    env: {
      FXTAPE_CONFIG: config,
      FXSOCKET_API_KEY: KEY,
      FXSOCKET_BASE_URL: gateway.url,
      QDB_CLIENT_CONF: o.conf,
      REDIS_URL: o.redisUrl,
      ...(o.profileDir === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${o.profileDir}` }),
    },
  });
  const queues = new JobQueues({ redisUrl: o.redisUrl, log });
  const jobs = weeks(o.account, o.symbols, START_US - o.days * DAY_US, START_US - DAY_US);
  const left = async (): Promise<number> => {
    const report = (await queues.report()).accounts.find((one) => one.account === o.account);
    const [failure] = report?.failures ?? [];
    if (failure !== undefined) throw new Error(failure.line);
    return report === undefined ? jobs.length : report.waiting + report.active + report.delayed;
  };
  return {
    jobs,
    pids: { gateway: gateway.pid, backfill: service.pid },
    plan: async () => {
      await queues.plan(jobs);
    },
    left,
    finished: async () => {
      await until(async () => (await left()) === 0, { what: 'all jobs', deadlineMs: 900_000, everyMs: 100 });
    },
    rows: async () => {
      const [stored] = await pgQuery(o.pg, `SELECT count() n FROM bars WHERE feed = ${sqlText(o.account)}`);
      return Number(stored?.['n']);
    },
    purposes: async () => {
      const metrics = await (await fetch(`${service.http}/metrics`)).text();
      const found = metrics.matchAll(/fxtape_backfill_requests_total\{[^}]*purpose="(\w+)"\} (\d+)/g);
      return [...found].map(([, purpose, n]) => `${purpose} ${n}`).join(', ');
    },
    use: async () => {
      const { accounts } = await gateway.requests();
      const own = accounts.find(({ account }) => account === o.accountId) ?? accounts[0];
      if (own === undefined) throw new Error('the gateway was never asked');
      return own.history;
    },
    close: async () => {
      await queues.close();
      await service.stop(10_000);
      await gateway.kill();
      await dir.remove();
    },
  };
}
