// One account, from its socket to SQL:
//
//   find the account → open the tape → remember → settle the clock → say what is wanted
//   stream ──► intake: mark, append ──► tape ──► outflow: rows ──► QuestDB ──► coverage, cursor
//
// In: the account's configuration. Out: nothing but its effects and a report of its state. It runs until it is stopped.
import type { AccountConfig } from '@fxtape/config';
import { FxSocketManagement, FxSocketRest, FxStream } from '@fxtape/fxsocket';
import { type Clock, FxtapeError, type Log, passing } from '@fxtape/ops';
import { ClockRuleError, parseClockRule } from '@fxtape/market';
import type { AppliedWatch, Reader, TableWriter, WriteGate } from '@fxtape/questdb';
import { readCursor, readTail, TapeWriter } from '@fxtape/tape';
import { Checkpoints } from './checkpoints.ts';
import { ClockKeeper } from './clock-keeper.ts';
import { findAccount } from './find-account.ts';
import type { InHand } from './in-hand.ts';
import { Intake } from './intake.ts';
import { recall, type Remembered } from './lost-tape.ts';
import { Outflow, pause } from './outflow.ts';
import { TapeMemory } from './tape-memory.ts';
import { SymbolWatch } from './symbol-watch.ts';
import { upkeep } from './upkeep.ts';
import { nothingWanted, type WantedStreams } from './wanted-streams.ts';

const RETRY_MS = 2000;
const RULE_EVERY_MS = 60_000;
/** … and while nobody gave the rule and history has not shown it. */
const PROVISIONAL_EVERY_MS = 5000;
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
  wanted: WantedStreams = nothingWanted;
  phase = 'starting';
  reason: string | null = null;
  readonly #o: PipelineOptions;
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  /** The configuration changed and was not taken up yet. */
  #changed = false;
  #wake: () => void = () => {};

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
    this.#changed = true;
    this.#wake();
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
    const tape = await this.#retried('waiting_for_tape', signal, () =>
      TapeWriter.open({
        dir,
        account,
        head: () => memory.save(),
        clock,
        log,
        syncEveryMs: 50,
        ringBytes: this.#o.inHand().maxBytes,
      }),
    );
    passing('collector: tape open');
    const tail = await readTail(dir);
    if (tail !== null)
      await memory.restore((tail.head as { state: unknown } | null)?.state ?? null, tail.lines);
    passing('collector: tape read');
    const remembered = memory.begun ? null : await this.#remember(signal);
    if (remembered !== null) tape.raiseFloor(remembered.floorUs ?? 0);
    passing('collector: remembered');
    const binding = await this.#bind(memory, signal);
    passing('collector: account found');
    const rest = new FxSocketRest({ baseUrl: binding.restUrl, apiKey, tlsVerify: this.config.tlsVerify });
    const { replayed } = this.config.clock;
    const intake = new Intake({ tape, memory, clock, log, replayed });
    if (memory.binding === null || memory.binding.wsUrl !== binding.wsUrl) intake.note('bound', binding);
    passing('collector: bound');
    intake.note('start', { pid: process.pid });
    passing('collector: started');
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
    passing('collector: clock chosen');
    const known = remembered?.symbols ?? memory.symbols;
    const symbols = new SymbolWatch({ rest, clock, log, known, config: this.config });
    await this.#retried('waiting_for_gateway', signal, () => symbols.look(signal));
    passing('collector: symbols listed');
    this.wanted = symbols.wanted(this.config, []);
    const { streams } = this.wanted;
    const feed = this.config.marketData?.feed ?? null;
    intake.note('configured', {
      feed,
      replayed,
      streams: remembered === null ? streams : remembered.configured(streams),
    });
    passing('collector: configured');
    const stream = new FxStream({
      url: binding.wsUrl,
      apiKey,
      subscriptions: [...this.wanted.subscriptions],
      tlsVerify: this.config.tlsVerify,
      startDelayMs: this.#o.index * STAGGER_MS,
    });
    const checkpoints = new Checkpoints(dir, await readCursor(dir));
    passing('collector: cursor read');
    const outflow = this.#outflow({ tape, memory, intake, keeper, checkpoints });
    this.parts = { tape, memory, intake, keeper, outflow, checkpoints, stream };
    this.phase = 'recording';
    this.reason = null;
    passing('collector: parts made');
    await Promise.all([
      intake.run(stream, signal),
      this.#o.migrated.then(() => outflow.run(signal)),
      upkeep({ dir, tape, checkpoints, retentionMs: this.#o.retentionMs, clock, log, signal }),
      this.#watchSymbols(symbols, signal),
      this.#watchRule(signal),
    ]);
  }

  #outflow(parts: Pick<PipelineParts, 'tape' | 'memory' | 'intake' | 'keeper' | 'checkpoints'>): Outflow {
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
      keeper,
      condemned: (table, row, reason) => {
        log.error({ code: 'ROW_CONDEMNED', table, reason }, 'a row can never be stored; it is set aside');
        if (table === 'rejected' || table === 'gap_events') return;
        intake.note('condemned', condemnedNote(table, row, reason));
      },
      clock,
      log,
    });
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

  /** Also takes up a changed configuration, so that the two never overtake each other. */
  async #watchSymbols(symbols: SymbolWatch, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#untilChanged(symbols.pauseMs(this.wanted), signal);
      if (signal.aborted) return;
      this.#changed = false;
      try {
        await symbols.look(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#o.log.warn({ err: error }, 'the symbol list could not be read; recording goes on as it is');
      }
      await this.#retried('waiting_for_tape', signal, async () => this.#want(symbols));
    }
  }

  /** @throws TAPE_FULL, TAPE_IO: what is wanted is then as it was. */
  #want(symbols: SymbolWatch): void {
    const { config, parts } = this;
    if (parts === null) return;
    const wanted = symbols.wanted(config, this.wanted.subscriptions);
    if (JSON.stringify(wanted) !== JSON.stringify(this.wanted)) {
      const { missing, streams } = wanted;
      if (missing.length > 0)
        this.#o.log.warn({ missing }, 'the list of symbols lacks some that were known; asking again');
      const feed = config.marketData?.feed ?? null;
      parts.intake.note('configured', { feed, replayed: config.clock.replayed, streams });
      this.wanted = wanted;
      parts.stream.setSubscriptions([...wanted.subscriptions]);
    }
  }

  async #untilChanged(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#changed) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(this.#o.clock, ms, AbortSignal.any([signal, woken.signal]));
  }

  async #watchRule(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isProvisional = this.parts?.keeper.isProvisional ?? true;
      await pause(this.#o.clock, isProvisional ? PROVISIONAL_EVERY_MS : RULE_EVERY_MS, signal);
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
