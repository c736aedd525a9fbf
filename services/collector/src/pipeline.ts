// One account, from its socket to SQL:
//
//   find the account → open the tape → remember → settle the clock → say what is wanted
//   stream ──► intake: mark, append ──► tape ──► outflow: rows ──► QuestDB ──► coverage, cursor
//
// In: the account's configuration. Out: nothing but its effects and a report of its state. It runs until it is stopped.
import type { AccountConfig } from '@fxtape/config';
import { FxSocketManagement, FxSocketRest, FxStream } from '@fxtape/fxsocket';
import { type Clock, FxtapeError, type Log } from '@fxtape/ops';
import { ClockRuleError, parseClockRule, TickMarker } from '@fxtape/market';
import type { AppliedWatch, Reader, TableWriter, WriteGate } from '@fxtape/questdb';
import { listSegments, readCursor, readTail, TapeWriter } from '@fxtape/tape';
import { Checkpoints } from './checkpoints.ts';
import { ClockKeeper } from './clock-keeper.ts';
import { findAccount } from './find-account.ts';
import type { InHand } from './in-hand.ts';
import { Intake } from './intake.ts';
import { recall, type Remembered } from './lost-tape.ts';
import { Outflow, pause } from './outflow.ts';
import { TapeMemory } from './tape-memory.ts';
import { upkeep } from './upkeep.ts';
import { type WantedStreams, wantedStreams } from './wanted-streams.ts';

const RETRY_MS = 2000;
const SYMBOLS_EVERY_MS = 900_000;
const RULE_EVERY_MS = 60_000;
const STAGGER_MS = 400;
const RULE_MS = 2000;

export interface PipelineOptions {
  readonly config: AccountConfig;
  readonly index: number;
  readonly apiKey: string;
  readonly baseUrl: string;
  /** The tape's folder of this account. */
  readonly dir: string;
  readonly retentionMs: () => number;
  readonly writer: TableWriter;
  readonly applied: AppliedWatch;
  readonly reader: Reader;
  readonly gate: WriteGate;
  readonly migrated: Promise<unknown>;
  readonly troubles: () => number;
  /** How much of this account's tape may be in memory; of the newest lines as much as when the tape was opened. */
  readonly inHand: () => InHand;
  readonly clock: Clock;
  readonly log: Log;
}

/** The running parts, for the report. */
export interface PipelineParts {
  readonly tape: TapeWriter;
  readonly memory: TapeMemory;
  readonly intake: Intake;
  readonly keeper: ClockKeeper;
  readonly outflow: Outflow;
  readonly checkpoints: Checkpoints;
  readonly stream: FxStream;
}

export class Pipeline {
  readonly startedAt: string;
  config: AccountConfig;
  parts: PipelineParts | null = null;
  wanted: WantedStreams = { streams: [], subscriptions: [], unlisted: [] };
  phase = 'starting';
  reason: string | null = null;
  readonly #o: PipelineOptions;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #rest: FxSocketRest | null = null;

  constructor(options: PipelineOptions) {
    this.#o = options;
    this.config = options.config;
    this.startedAt = new Date(options.clock.nowMs()).toISOString();
  }

  /** How the database takes what is sent to it. */
  get database() {
    const { applied, gate, writer } = this.#o;
    return { applied: applied.state, writers: writer.state(), paused: gate.paused };
  }

  start(): void {
    this.#done = this.#run(this.#stop.signal).catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.phase = 'refused';
      this.reason = error instanceof FxtapeError ? error.toLine() : String(error);
      this.#o.log.error({ err: error }, 'this account is not recorded');
    });
  }

  /** Takes a changed configuration of the same account. */
  async reconfigure(config: AccountConfig): Promise<void> {
    this.config = config;
    await this.parts?.keeper.reconsider();
    await this.#refreshSymbols();
  }

  /** Ends in order: socket, a last line on the tape, what was synced is sent and covered, tape closed. */
  async stop(): Promise<void> {
    const parts = this.parts;
    if (parts !== null) {
      await parts.stream.close();
      if (parts.intake.obstacle === null) parts.intake.note('stop', {});
      await parts.tape.sync();
      await this.#settled(4000);
    }
    this.#stop.abort();
    await this.#done;
    await parts?.tape.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { apiKey, clock, dir, log } = this.#o;
    const account = this.config.name;
    const memory = new TapeMemory(account);
    const remembered = (await listSegments(dir)).length > 0 ? null : await this.#remember(signal);
    const tape = await this.#retried('waiting_for_tape', signal, () =>
      TapeWriter.open({
        dir,
        account,
        head: () => memory.save(),
        clock,
        log,
        syncEveryMs: 50,
        ringBytes: this.#o.inHand().maxBytes,
        ...(remembered?.floorUs ? { floorUs: remembered.floorUs } : {}),
      }),
    );
    await this.#restore(memory, remembered);
    const binding = await this.#bind(memory, signal);
    const rest = new FxSocketRest({ baseUrl: binding.restUrl, apiKey, tlsVerify: this.config.tlsVerify });
    this.#rest = rest;
    const { replayed } = this.config.clock;
    const intake = new Intake({ tape, memory, clock, log, replayed });
    if (memory.binding === null || memory.binding.wsUrl !== binding.wsUrl) intake.note('bound', binding);
    intake.note('start', { pid: process.pid });
    const timezone = () => rest.serverTimezone({ signal });
    const inferred = () => this.#inferredRule(binding.server, signal);
    const keeper = new ClockKeeper({
      config: () => this.config,
      timezone,
      inferred,
      intake,
      memory,
      tape,
      clock,
      log,
    });
    await this.#retried('waiting_for_gateway', signal, () => keeper.begin());
    this.wanted = wantedStreams(
      this.config,
      await this.#retried('waiting_for_gateway', signal, () => rest.symbols({ signal })),
    );
    const { streams } = this.wanted;
    const feed = this.config.marketData?.feed ?? null;
    intake.note('configured', {
      feed,
      replayed,
      streams: remembered === null ? streams : remembered.configured(streams),
    });
    const stream = new FxStream({
      url: binding.wsUrl,
      apiKey,
      subscriptions: [...this.wanted.subscriptions],
      tlsVerify: this.config.tlsVerify,
      startDelayMs: this.#o.index * STAGGER_MS,
    });
    const checkpoints = new Checkpoints(dir, await readCursor(dir));
    const outflow = this.#outflow({ tape, memory, intake, keeper, checkpoints }, signal);
    this.parts = { tape, memory, intake, keeper, outflow, checkpoints, stream };
    this.phase = 'recording';
    this.reason = null;
    await Promise.all([
      intake.run(stream, signal),
      this.#o.migrated.then(() => outflow.run(signal)),
      upkeep({ dir, tape, checkpoints, retentionMs: this.#o.retentionMs, clock, log, signal }),
      this.#watchSymbols(signal),
      this.#watchRule(signal),
    ]);
  }

  #outflow(
    parts: Pick<PipelineParts, 'tape' | 'memory' | 'intake' | 'keeper' | 'checkpoints'>,
    signal: AbortSignal,
  ): Outflow {
    const { applied, clock, dir, inHand, log, troubles, writer } = this.#o;
    const { checkpoints, intake, keeper, memory, tape } = parts;
    return new Outflow({
      account: this.config.name,
      replayed: this.config.clock.replayed,
      tape,
      dir,
      memory,
      checkpoints,
      writer,
      applied,
      troubles,
      inHand,
      enter: async (until) => {
        const pass = await this.#o.gate.enter(until);
        const corrected = memory.binding === null ? undefined : pass.applied.get(memory.binding.server);
        if (corrected !== undefined)
          await this.#retried('waiting_for_tape', until, async () => keeper.corrected(corrected));
        return pass.signal;
      },
      settle: (hold, word) => keeper.settle(hold, word, signal),
      condemned: (table, row, reason) => {
        log.error({ code: 'ROW_CONDEMNED', table, reason }, 'a row can never be stored; it is set aside');
        if (table === 'rejected' || table === 'gap_events') return;
        intake.note('condemned', condemnedNote(table, row, reason));
      },
      clock,
      log,
    });
  }

  async #restore(memory: TapeMemory, remembered: Remembered | null): Promise<void> {
    if (remembered !== null) {
      memory.marker = new TickMarker(remembered.known);
      return;
    }
    const tail = await readTail(this.#o.dir);
    if (tail !== null)
      await memory.restore((tail.head as { state: unknown } | null)?.state ?? null, tail.lines);
  }

  #remember(signal: AbortSignal): Promise<Remembered> {
    const feed = this.config.marketData?.feed ?? null;
    return this.#retried('waiting_for_questdb', signal, async () => {
      await this.#o.migrated;
      return recall(this.#o.reader, this.config.name, feed, signal);
    });
  }

  #bind(memory: TapeMemory, signal: AbortSignal) {
    const { apiKey, baseUrl, log } = this.#o;
    const management = new FxSocketManagement({ baseUrl, apiKey });
    return this.#retried('waiting_for_gateway', signal, async () => {
      try {
        return await findAccount({ config: this.config, management, baseUrl, bound: memory.binding, signal });
      } catch (error) {
        const mismatch = error instanceof FxtapeError && error.kind === 'terminal';
        if (memory.binding === null || mismatch) throw error;
        log.warn({ err: error }, 'the account list is out of reach; using the addresses that the tape knows');
        return memory.binding;
      }
    });
  }

  async #watchSymbols(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#o.clock, SYMBOLS_EVERY_MS, signal);
      if (signal.aborted) return;
      await this.#refreshSymbols();
    }
  }

  async #watchRule(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#o.clock, RULE_EVERY_MS, signal);
      if (signal.aborted) return;
      const { parts } = this;
      if (parts?.intake.obstacle === null)
        await this.#retried('waiting_for_tape', signal, () => parts.keeper.adopt());
    }
  }

  /** The database is not needed to record: while it does not answer, the gateway's offset has to do. */
  async #inferredRule(server: string, signal: AbortSignal): Promise<string | null> {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(RULE_MS)]);
      const decided = await this.#o.reader.newestClockRule(server, { signal: limit });
      const id = decided?.confidence === 'inferred' ? decided.rule_id : null;
      return id === null ? null : parseClockRule(id).id;
    } catch (error) {
      signal.throwIfAborted();
      const level = error instanceof ClockRuleError ? 'warn' : 'debug';
      this.#o.log[level]({ err: error }, 'no rule of the clock can be read; going on without');
      return null;
    }
  }

  async #refreshSymbols(): Promise<void> {
    const { parts } = this;
    if (parts === null || this.#rest === null || parts.intake.obstacle !== null) return;
    try {
      const wanted = wantedStreams(this.config, await this.#rest.symbols({}));
      if (JSON.stringify(wanted) === JSON.stringify(this.wanted)) return;
      this.wanted = wanted;
      parts.intake.note('configured', {
        feed: this.config.marketData?.feed ?? null,
        replayed: this.config.clock.replayed,
        streams: wanted.streams,
      });
      parts.stream.setSubscriptions([...wanted.subscriptions]);
    } catch (error) {
      this.#o.log.warn({ err: error }, 'the symbol list could not be read; recording goes on as it is');
    }
  }

  async #retried<T>(phase: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const done = await work();
        if (this.phase === phase) {
          this.phase = this.parts === null ? 'starting' : 'recording';
          this.reason = null;
        }
        return done;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof FxtapeError && error.kind === 'terminal') throw error;
        this.phase = phase;
        this.reason = error instanceof Error ? error.message : String(error);
        this.#o.log.warn({ err: error, phase }, 'trying again');
        await pause(this.#o.clock, RETRY_MS, signal);
      }
    }
  }

  async #settled(forMs: number): Promise<void> {
    const until = this.#o.clock.monoMs() + forMs;
    const { outflow, memory } = this.parts as PipelineParts;
    const last = memory.ledger.lastTsRecv;
    while (this.#o.clock.monoMs() < until && (outflow.state.appliedTsRecv ?? 0) < last) {
      await pause(this.#o.clock, 20, this.#stop.signal);
    }
  }
}

const condemnedNote = (table: string, row: Record<string, unknown>, reason: string) => {
  const stream =
    { ticks: 'ticks', bar_events: 'bars', trade_events: 'deals', position_events: 'positions' }[table] ??
    'account';
  const ts = Number(row['ts']);
  return {
    table,
    key: {
      stream,
      symbol: (row['symbol'] as string | undefined) ?? null,
      timeframe: (row['timeframe'] as string | undefined) ?? null,
    },
    of: Number(row['ts_recv'] ?? row['ts']),
    fromUs: ts,
    toUs: ts + 1,
    reason,
    raw: JSON.stringify(row, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  };
};
