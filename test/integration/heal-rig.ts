// A recording that never had a collector: a simulated gateway, real tables, and live rows put there from the gateway's ledger as a
// collector would have, outages left out. In: a scenario. Out: the handlers of healing over it, run as a worker runs them, and what the
// tables say. Waiting is done by the clock of the handlers alone: a job that is to come again in a minute comes again at once, a minute
// later.
import { randomUUID } from 'node:crypto';
import {
  AccountContexts,
  backfillHandlers,
  backfillParts,
  HEAL_TIMING,
  type HealTiming,
} from '@fxtape/backfill';
import { parseConfig } from '@fxtape/config';
import {
  type Checkpoint,
  type JobDone,
  type JobHandler,
  type JobName,
  type Payload,
  Turns,
} from '@fxtape/jobs';
import type { Range, RowInput } from '@fxtape/market';
import { type Clock, createLog, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  AuditReader,
  type GapRow,
  HistoryReader,
  migrate,
  QuestDbHttp,
  Reader,
  type RowsByTable,
  TableWriter,
  TradeReader,
} from '@fxtape/questdb';
import {
  DEMO_ACCOUNT_ID,
  type LedgerLine,
  type ScenarioInput,
  type Simulator,
  startSimulator,
} from '@fxtape/simulator';

const log = createLog({ service: 'test', level: 'silent' });
const TRAIL_US = 2_000_000;
/** Of the account, and of what was recorded. */
export const RULE = 'America/New_York+7h';

/** Throws at the n-th write, before or after its rows are stored: what a killed worker leaves behind. */
export interface Crash {
  at: number;
  readonly when: 'before' | 'after';
}

export class HealRig {
  readonly account = `heal-${randomUUID().slice(0, 8)}`;
  readonly feed = `feed-${this.account}`;
  readonly sim: Simulator;
  readonly http: QuestDbHttp;
  readonly reader: HistoryReader;
  readonly trades: TradeReader;
  readonly gapsReader: Reader;
  readonly timing: HealTiming;
  /** Whether the account plays an old day; else its time is that of the handlers. */
  replayed = true;
  /** How far the handlers' clock is ahead of the machine's. */
  skewMs = 0;
  crash: Crash | null = null;
  /** Requests to the gateway by route. */
  /** As Redis keeps it between processes. */
  readonly turns = new Turns();
  readonly asked = new Map<string, number>();
  readonly #table: TableWriter;
  readonly #writer: AppliedWriter;
  readonly #clock: Clock;
  #contexts: AccountContexts | null = null;
  #handlers: ReturnType<typeof backfillHandlers> | null = null;

  private constructor(sim: Simulator, conf: string, timing: Partial<HealTiming>) {
    this.sim = sim;
    this.timing = { ...HEAL_TIMING, ...timing };
    const clock = systemClock();
    this.#clock = {
      ...clock,
      nowMs: () => clock.nowMs() + this.skewMs,
      nowUs: () => clock.nowUs() + this.skewMs * 1000,
      monoMs: () => clock.monoMs() + this.skewMs,
    };
    this.http = new QuestDbHttp({ conf });
    this.reader = new HistoryReader({ http: this.http, clock });
    this.trades = new TradeReader({ http: this.http, clock });
    this.gapsReader = new Reader({ http: this.http, clock });
    this.#table = new TableWriter({ http: this.http, log, clock, random: Math.random, commitEveryMs: 5 });
    this.#writer = new AppliedWriter({
      writer: this.#table,
      applied: new AppliedWatch({ http: this.http, clock }),
    });
  }

  static async start(
    conf: string,
    scenario: ScenarioInput,
    timing: Partial<HealTiming> = {},
  ): Promise<HealRig> {
    const sim = await startSimulator(scenario, { controlAddr: null });
    const rig = new HealRig(sim, conf, timing);
    await migrate({ client: rig.http, log });
    await rig.write({
      accounts: [
        {
          ts: Date.UTC(2026, 0, 1) * 1000,
          account: rig.account,
          account_id: DEMO_ACCOUNT_ID,
          server: 'Simulated-Demo',
          login: 1,
          feed: rig.feed,
        },
      ],
    });
    return rig;
  }

  async close(): Promise<void> {
    await this.#contexts?.close();
    this.#table.close();
    this.http.close();
    await this.sim.close();
  }

  write(rows: RowsByTable): Promise<unknown> {
    return this.#writer.write(rows, { signal: AbortSignal.timeout(30_000) });
  }

  /** The ticks that the market made, of one symbol. */
  made(symbol: string, range: Range = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER }): LedgerLine[] {
    return [...(this.sim.ledger() ?? [])].filter(
      (line) => line.symbol === symbol && line.utcMs * 1000 >= range.fromUs && line.utcMs * 1000 < range.toUs,
    );
  }

  /** Live rows, coverage and gaps of a symbol, as a collector would have left them. Gives the gaps' ids. */
  async record(
    symbol: string,
    whole: Range,
    outages: readonly Range[],
    known: { missing_estimate: number | null; evidence: string } = {
      missing_estimate: null,
      evidence: 'closed with 1006',
    },
  ): Promise<string[]> {
    const within = (us: number, { fromUs, toUs }: Range): boolean => us >= fromUs && us < toUs;
    const ticks = this.made(symbol, whole)
      .filter(({ utcMs }) => !outages.some((outage) => within(utcMs * 1000, outage)))
      .map((line) => this.tick(line, 'live'));
    const key = { account: this.account, feed: this.feed, symbol, stream: 'ticks', timeframe: null };
    const edges = [whole.fromUs, ...outages.flatMap(({ fromUs, toUs }) => [fromUs, toUs]), whole.toUs];
    const coverage: RowInput<'coverage'>[] = [];
    for (let i = 0; i < edges.length; i += 2) {
      const [ts, tsTo] = [edges[i] as number, edges[i + 1] as number];
      if (tsTo > ts)
        coverage.push({
          ts,
          ...key,
          range_id: `live-${ts}`,
          ts_to: tsTo,
          source: 'live',
          rows: 1,
          rule_id: RULE,
        });
    }
    const ids = outages.map(({ fromUs }) => `${this.account}-${fromUs}-ticks.${symbol}`);
    const gaps = outages.flatMap(({ fromUs, toUs }, i) => {
      const id = ids[i] as string;
      const gap = {
        gap_id: id,
        writer: 'collector',
        outage_id: `${this.account}-${fromUs}`,
        ...key,
        cause: 'disconnect',
      };
      const more = {
        state: 'open',
        rows_healed: null,
        ...known,
        ts_from: fromUs,
      };
      return [
        { ts: toUs + 10, ...gap, ...more, event: 'opened', ts_to: null },
        { ts: toUs + TRAIL_US, ...gap, ...more, event: 'ended', ts_to: toUs },
      ];
    });
    await this.write({ ticks, coverage, gap_events: gaps });
    return ids;
  }

  /** A gap that the collector opened and ended. Gives its id. */
  async open(
    of: Range & { stream: string; symbol?: string | null; timeframe?: string | null },
  ): Promise<string> {
    const { fromUs, stream, symbol = null, timeframe = null, toUs } = of;
    const id = `${this.account}-${fromUs}-${stream}.${symbol}.${timeframe}`;
    const feed = stream === 'ticks' || stream === 'bars' ? this.feed : null;
    const key = { account: this.account, feed, symbol, stream, timeframe };
    const row = {
      gap_id: id,
      writer: 'collector',
      outage_id: id,
      ...key,
      cause: 'process_down',
      state: 'open',
    };
    const event = { ts: toUs + TRAIL_US, event: 'ended', ts_from: fromUs, ts_to: toUs, evidence: 'started' };
    await this.write({ gap_events: [{ ...row, ...event, rows_healed: null, missing_estimate: null }] });
    return id;
  }

  tick(line: LedgerLine, source: 'live' | 'snapshot'): RowInput<'ticks'> {
    const known = (value: number): number | null => (value === 0 ? null : value);
    return {
      ts: line.utcMs * 1000,
      feed: this.feed,
      symbol: line.symbol,
      ts_recv: line.utcMs * 1000 + 40_000 + line.n,
      bid: line.bid,
      ask: line.ask,
      last: known(line.last),
      volume: known(line.volume),
      utc_offset_s: (line.brokerMs - line.utcMs) / 1000,
      source,
      quality: null,
    };
  }

  /** A worker that knows nothing yet, as after a restart. */
  restart(): void {
    this.#handlers = null;
  }

  async heal(gapId: string, options: { runs?: number; checkpoint?: Kept } = {}): Promise<JobDone | null> {
    const gap = await this.gap(gapId);
    const payload: Payload<'heal'> = {
      account: this.account,
      gapId,
      stream: gap.stream as Payload<'heal'>['stream'],
      feed: gap.feed,
      symbol: gap.symbol,
      timeframe: gap.timeframe as Payload<'heal'>['timeframe'],
      fromUs: gap.ts_from as number,
      toUs: gap.ts_to as number,
    };
    return this.run('heal', payload, options);
  }

  /** Runs a job to its end; null when it still wants to come again after `runs`. */
  async run<N extends JobName>(
    name: N,
    payload: Payload<N>,
    { checkpoint = new Kept(), runs = 40 }: { checkpoint?: Kept; runs?: number } = {},
  ): Promise<JobDone | null> {
    const handler = this.#made()[name] as JobHandler<Payload<N>>;
    for (let n = 0; n < runs; n += 1) {
      const outcome = await handler(
        {
          id: `${name}-1`,
          name,
          payload,
          attempt: 1,
          alone: (held, work) => this.turns.hold(held, AbortSignal.timeout(60_000), work),
          request: (kind, work) => {
            this.asked.set(kind, (this.asked.get(kind) ?? 0) + 1);
            return work(AbortSignal.timeout(60_000));
          },
        },
        AbortSignal.timeout(60_000),
        checkpoint,
      );
      if ('rows' in outcome) return outcome;
      this.skewMs += outcome.againAfterMs;
    }
    return null;
  }

  async gap(id: string): Promise<GapRow> {
    const found = (await this.gapsReader.gaps({ account: this.account })).find((gap) => gap.gap_id === id);
    if (found === undefined) throw new Error(`there is no gap ${id}`);
    return found;
  }

  /** Stored ticks of a symbol as a sorted list of what identifies them to the broker. */
  async stored(symbol: string, range: Range): Promise<string[]> {
    const rows = await this.reader.ticks({ feed: this.feed, symbol }, range);
    return rows
      .map((row) => `${row.ts / 1000 + (row.utc_offset_s ?? 0) * 1000} ${row.bid} ${row.ask}`)
      .toSorted();
  }

  /** The same of what the market made. */
  truth(symbol: string, range: Range): string[] {
    return this.made(symbol, range)
      .map((line) => `${line.brokerMs} ${line.bid} ${line.ask}`)
      .toSorted();
  }

  #made(): ReturnType<typeof backfillHandlers> {
    if (this.#handlers !== null) return this.#handlers;
    const config = parseConfig(
      `accounts:
  - id: ${DEMO_ACCOUNT_ID}
    name: ${this.account}
    key: FXSOCKET_API_KEY
    market_data: { feed: ${this.feed}, symbols: [EURUSD, BTCUSD] }
    account_data: [deals, positions, account]
    timeframes: [M1, D1]
    clock: { rule: "${RULE}", replayed: ${String(this.replayed)} }
`,
      'test.yaml',
    );
    this.#contexts = new AccountContexts({
      accounts: () => config.accounts,
      keyOf: () => 'fxs_ro_demo',
      baseUrl: `http://${this.sim.addr}`,
      reader: this.reader,
      clock: this.#clock,
    });
    const parts = backfillParts({
      contexts: this.#contexts,
      reader: this.reader,
      audit: new AuditReader({ http: this.http, clock: this.#clock }),
      trades: this.trades,
      gaps: this.gapsReader,
      writer: this.#crashing(),
      clock: this.#clock,
      log,
    });
    this.#handlers = backfillHandlers(parts, { heal: this.timing });
    return this.#handlers;
  }

  #crashing(): AppliedWriter {
    const write: AppliedWriter['write'] = async (rows, options) => {
      const dies = this.crash !== null && this.crash.at-- === 0 ? this.crash.when : null;
      if (dies === 'before') throw new Error('killed');
      const answered = await this.#writer.write(rows, options);
      if (dies === 'after') throw new Error('killed');
      return answered;
    };
    return { write } as AppliedWriter;
  }
}

/** A checkpoint as Redis keeps it: what cannot be written as JSON does not come back. */
export class Kept implements Checkpoint {
  #text = 'null';

  get value(): unknown {
    return JSON.parse(this.#text);
  }

  async save(value: unknown): Promise<void> {
    this.#text = JSON.stringify(value);
  }
}
