// Backfill's handlers against a simulated gateway and a real QuestDB, without a queue between. Out: jobs run as a worker runs them, the
// tables as rows, the gateway's truth, and everything that hurts it. Names are fresh, so that tests share a database.
import { type BackfillParts, AccountContexts, backfillHandlers, backfillParts } from '@fxtape/backfill';
import type { AccountConfig } from '@fxtape/config';
import {
  type Checkpoint,
  type JobHandler,
  type JobName,
  type JobOutcome,
  type Payload,
  type RunningJob,
  Turns,
} from '@fxtape/jobs';
import { createLog, Metrics, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  AuditReader,
  asObjects,
  type Cell,
  HistoryReader,
  migrate,
  QuestDbHttp,
  Reader,
  sqlText,
  TableWriter,
  TradeReader,
} from '@fxtape/questdb';
import { DEMO_ACCOUNT_ID, type ScenarioInput, type Simulator, startSimulator } from '@fxtape/simulator';
import { GatewayControl } from '@fxtape/testkit';

export const KEY = 'fxs_ro_demo';
/** A Wednesday in winter, noon in London. */
export const START = Date.UTC(2026, 1, 11, 12) * 1000;
export const HOUR = 3_600_000_000;
export const DAY = 24 * HOUR;

export interface RunOptions {
  readonly attempt?: number;
  readonly signal?: AbortSignal;
  readonly checkpoint?: Checkpoint;
}

export class MemoryCheckpoint implements Checkpoint {
  value: unknown = null;
  readonly saved: unknown[] = [];
  onSave: () => void = () => {};

  async save(value: unknown): Promise<void> {
    this.value = value;
    this.saved.push(value);
    this.onSave();
  }
}

export class BackfillRig {
  readonly name: string;
  readonly feed: string;
  readonly simulator: Simulator;
  readonly control: GatewayControl;
  readonly http: QuestDbHttp;
  readonly #writer: TableWriter;
  readonly #contexts: AccountContexts;
  readonly metrics: Metrics;
  readonly parts: BackfillParts;
  /** Requests made, in order. */
  /** As Redis keeps it between processes. */
  readonly turns = new Turns();
  readonly asked: string[] = [];

  private constructor(o: { name: string; simulator: Simulator; http: QuestDbHttp; baseUrl?: string }) {
    const { http, name, simulator } = o;
    const clock = systemClock();
    const log = createLog({ service: 'test', level: 'error' });
    this.name = name;
    this.feed = `${name}-feed`;
    this.simulator = simulator;
    this.control = new GatewayControl(`http://${simulator.controlAddr}`);
    this.http = http;
    this.metrics = new Metrics();
    this.#writer = new TableWriter({ http, log, clock, random: Math.random, commitEveryMs: 10 });
    const reader = new HistoryReader({ http, clock });
    const config = [accountConfig(name, this.feed)];
    this.#contexts = new AccountContexts({
      accounts: () => config,
      keyOf: () => KEY,
      baseUrl: o.baseUrl ?? `http://${simulator.addr}`,
      reader,
      clock,
    });
    this.parts = backfillParts({
      contexts: this.#contexts,
      reader,
      audit: new AuditReader({ http, clock }),
      trades: new TradeReader({ http, clock }),
      gaps: new Reader({ http, clock }),
      writer: new AppliedWriter({ writer: this.#writer, applied: new AppliedWatch({ http, clock }) }),
      clock,
      log,
      metrics: this.metrics,
      checksApartMs: 300,
      clockReadingsApartMs: 100,
    });
  }

  static async start(o: {
    conf: string;
    scenario?: ScenarioInput;
    accountId?: string;
    simulator?: Simulator;
    register?: boolean;
  }): Promise<BackfillRig> {
    const http = new QuestDbHttp({ conf: o.conf });
    await migrate({ client: http, log: createLog({ service: 'test', level: 'error' }) });
    const simulator =
      o.simulator ?? (await startSimulator(scenario(o.scenario), { controlAddr: '127.0.0.1:0' }));
    const rig = new BackfillRig({
      name: `b${Date.now().toString(36)}${Math.random().toString(36).slice(2, 7)}`,
      simulator,
      http,
    });
    if (o.register !== false) await rig.register(o.accountId ?? DEMO_ACCOUNT_ID);
    return rig;
  }

  /** What the scheduler would have written. */
  async register(accountId: string, rule = 'America/New_York+7h'): Promise<void> {
    const server = `${this.name}-server`;
    const ts = this.parts.clock.nowUs();
    const { condemned } = await this.parts.writer.write(
      {
        accounts: [
          {
            ts,
            account: this.name,
            account_id: accountId,
            login: 1,
            server,
            currency: 'USD',
            feed: this.feed,
          },
        ],
        clock_rules: [
          {
            ts: Date.UTC(1971, 0) * 1000,
            server,
            ts_decided: ts,
            rule,
            rule_id: rule,
            confidence: 'recorded',
            evidence: '{}',
          },
        ],
      },
      { signal: AbortSignal.timeout(30_000) },
    );
    if (condemned.length > 0) throw new Error(condemned[0]?.reason);
  }

  /** Runs a job as a worker does: once more as often as it asks for it. */
  async run<N extends JobName>(name: N, payload: Payload<N>, o: RunOptions = {}): Promise<JobOutcome> {
    const signal = o.signal ?? AbortSignal.timeout(100_000);
    const checkpoint = o.checkpoint ?? new MemoryCheckpoint();
    const handler = backfillHandlers(this.parts)[name] as JobHandler<Payload<N>>;
    const job: RunningJob<Payload<N>> = {
      id: 'test',
      name,
      payload,
      attempt: o.attempt ?? 1,
      alone: (held, work) => this.turns.hold(held, signal, work),
      request: (kind, work) => {
        this.asked.push(kind);
        return work(signal);
      },
    };
    for (;;) {
      const outcome = await handler(job, signal, checkpoint);
      if (!('againAfterMs' in outcome)) return outcome;
      await new Promise((resolve) => setTimeout(resolve, outcome.againAfterMs));
    }
  }

  bars(o: Partial<Payload<'bars'>> = {}, run: RunOptions = {}): Promise<JobOutcome> {
    const payload = {
      account: this.name,
      feed: this.feed,
      symbol: 'EURUSD',
      timeframe: 'M1',
      why: 'history',
    } as const;
    return this.run('bars', { ...payload, fromUs: START - DAY, toUs: START, ...o }, run);
  }

  deals(fromUs: number, toUs: number, run: RunOptions = {}): Promise<JobOutcome> {
    return this.run('deals', { account: this.name, fromUs, toUs, why: 'history' }, run);
  }

  async sql(query: string): Promise<Record<string, Cell>[]> {
    return asObjects(await this.http.exec(query));
  }

  /** Rows of one of this rig's tables, times as microseconds. */
  async rows(table: string, columns: string, order = 'ts', where = 'true'): Promise<Record<string, Cell>[]> {
    const own = ['bars', 'bar_revisions', 'symbol_specs', 'trading_sessions', 'daily_quality'].includes(table)
      ? `feed = ${sqlText(this.feed)}`
      : `account = ${sqlText(this.name)}`;
    return this.sql(`SELECT ${columns} FROM ${table} WHERE ${own} AND ${where} ORDER BY ${order}`);
  }

  async count(table: string): Promise<number> {
    return Number((await this.rows(table, 'count() n', '1'))[0]?.['n']);
  }

  /** Claimed ranges of a stream, united. */
  covered(stream: string, symbol: string | null = null, timeframe: string | null = null) {
    const feed = stream === 'bars' ? this.feed : null;
    const key = { account: this.name, feed, symbol, stream, timeframe };
    return this.parts.reader.coverageOf(key, 'history', { fromUs: 0, toUs: START + 400 * DAY });
  }

  /** Transactions of these tables; nothing was written while they stay. */
  async transactions(...tables: string[]): Promise<Record<string, Cell>[]> {
    const names = tables.map((name) => sqlText(name)).join(', ');
    return this.sql(`SELECT name, sequencerTxn FROM wal_tables() WHERE name IN (${names}) ORDER BY name`);
  }

  async close(o: { simulator?: boolean } = {}): Promise<void> {
    await this.#contexts.close();
    this.#writer.close();
    this.http.close();
    if (o.simulator !== false) await this.simulator.close();
  }
}

export const scenario = (more: ScenarioInput = {}): ScenarioInput => ({
  ledger: 'counts',
  source: {
    kind: 'market',
    ticksPerSecond: 2,
    symbols: ['EURUSD', 'XAUUSD', 'BTCUSD'],
    startUtc: new Date(START / 1000).toISOString(),
  },
  ...more,
});

const accountConfig = (name: string, feed: string): AccountConfig => ({
  name,
  id: DEMO_ACCOUNT_ID,
  match: null,
  discoverMs: null,
  keyVariable: 'KEY',
  tlsVerify: true,
  allowHttp: false,
  marketData: { feed, symbols: ['EURUSD'] },
  accountData: ['deals', 'positions', 'account'],
  timeframes: ['M1'],
  clock: { rule: 'auto', replayed: true },
  backfill: { bars: { M1: 'all' }, ticks: null, deals: 'all' },
});
