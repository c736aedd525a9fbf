// One account, from its socket to SQL, for as long as it is configured:
//
//   begin (begin.ts) ─► record: stream ──► intake: mark, append ──► tape ──► outflow: rows ──► QuestDB ──► coverage, cursor
//     ▲                   └─ refused, failed, another address, key or account ─┐
//     └───────────────── after a pause, or at once ◄──────────────────────────┘
//
// In: the account's configuration, as it changes. Out: rows in QuestDB, and a state for people. Whatever fails is started again.
import { isDeepStrictEqual } from 'node:util';
import { type AccountConfig, requireKey } from '@fxtape/config';
import { FxSocketError } from '@fxtape/fxsocket';
import { FxtapeError, type Log, type PartFailure, passing, pause, Supervisor } from '@fxtape/ops';
import { begin, type BeginOptions, type Parts, type SharedParts, type WaitingFor } from './start/begin.ts';
import { isElsewhere } from './start/lease-account.ts';
import type { ClockKeeper } from './clock/clock-keeper.ts';
import type { Former } from './retire.ts';
import { withLastTicks } from './feed/last-of-feed.ts';
import { watchAddress } from './start/watch-address.ts';
import { upkeep } from './upkeep.ts';
import { nothingWanted, type WantedStreams } from './start/wanted-streams.ts';

const RETRY_MS = 2000;
const FIRST_AGAIN_MS = 5000;
const LONGEST_AGAIN_MS = 60_000;
/** A recording that ran for less before it failed counts as another failure in a row. */
const WELL_AFTER_MS = 60_000;
/** How long one address is tried. */
const GATEWAY_MS = 60_000;
const RULE_EVERY_MS = 60_000;
/** … and while the rule is provisional. */
const PROVISIONAL_EVERY_MS = 5000;
/** Errors about the key: they will not pass by themselves, so they are not retried every two seconds. */
const OF_THE_KEY = new Set(['FXSOCKET_UNAUTHORIZED', 'FXSOCKET_FORBIDDEN', 'FXSOCKET_PAYMENT_REQUIRED']);

/** Why there is no recording yet, or any more. */
export interface NotRecording {
  readonly state: 'starting' | WaitingFor | 'refused' | 'failed';
  readonly reason: string | null;
}

export interface PipelineOptions extends SharedParts {
  readonly config: AccountConfig;
  readonly index: number;
  /** The key in a variable, as it is now. */
  readonly keyOf: (variable: string) => string;
  /** The tape's folder of this account. */
  readonly dir: string;
  readonly log: Log;
  /** Accounts that were recorded here under names that are not configured any more. */
  readonly former: () => readonly Former[];
  readonly order: BeginOptions['order'];
}

export class Pipeline {
  readonly startedAt: string;
  config: AccountConfig;
  parts: Parts | null = null;
  wanted: WantedStreams = nothingWanted;
  #waits: NotRecording = { state: 'starting', reason: null };
  /** The last failure; shown until the account is recorded again, retries included. */
  #failed: NotRecording | null = null;
  readonly #o: PipelineOptions;
  #run = new AbortController();
  #supervisor: Supervisor | null = null;
  #ending: Promise<void> | null = null;
  #stopping = false;
  #done: Promise<void> = Promise.resolve();
  /** Its socket is closed: no more ticks reach its tape. */
  #closed = false;
  /** Receive time up to which rows were applied when the last recording ended in order, and the database that has them. */
  #applied: { readonly epoch: AbortSignal; readonly us: number } | null = null;
  #symbolLook = new AbortController();
  /** The configuration changed and was not applied yet. */
  #changed = false;
  #wake: () => void = () => {};

  constructor(options: PipelineOptions) {
    this.#o = options;
    this.config = options.config;
    this.startedAt = new Date(options.clock.nowMs()).toISOString();
  }

  /** What stands between the rows and the database. */
  get database() {
    const { applied, database, gate, writer } = this.#o;
    return {
      applied: applied.state,
      gate: gate.check(),
      paused: gate.paused,
      unmigrated: database.trouble,
      writers: writer.state(),
    };
  }

  /** Null while it records. */
  get notRecording(): NotRecording | null {
    return this.#failed ?? (this.parts === null ? this.#waits : null);
  }

  get openFeed(): string | null {
    return this.#closed ? null : (this.parts?.memory.ledger.state.feed ?? null);
  }

  /** As `Neighbour.appliedUs`. */
  get appliedUs(): number {
    return this.#applied?.epoch === this.#o.database.epoch ? this.#applied.us : 0;
  }

  /** Parts that ended with an error and did not run well since. */
  get failures(): readonly PartFailure[] {
    return this.#supervisor?.failures ?? [];
  }

  /** Names under which this account was recorded before: the same login on the same server. */
  get former(): readonly Former[] {
    const here = this.parts?.binding;
    return this.#o
      .former()
      .filter(({ binding }) => binding.server === here?.server && binding.login === here.login);
  }

  start(): void {
    this.#done = this.#live();
  }

  /** Takes a changed configuration of the same account. */
  reconfigure(config: AccountConfig): void {
    if (isDeepStrictEqual(config, this.config)) return;
    const identityChanged = !isDeepStrictEqual(identityOf(config), identityOf(this.config));
    this.config = config;
    this.#changed = true;
    this.#wake();
    if (!identityChanged) return;
    this.#symbolLook.abort();
    // A start that is still waiting is abandoned at once.
    if (this.parts === null) this.#run.abort(ANEW);
  }

  /** Ends in order: closes the socket, writes the last line, sends and covers what was synced, closes the tape. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    try {
      await this.#end();
    } finally {
      this.#run.abort();
      await this.#done;
      await this.#o.lease.release(this.config.name);
    }
  }

  async #live(): Promise<void> {
    const { clock, log } = this.#o;
    for (let times = 0; !this.#stopping; ) {
      this.#run = new AbortController();
      const held: (() => Promise<unknown>)[] = [];
      const beganMs = clock.monoMs();
      try {
        await this.#record(this.#run, (close) => held.push(close));
        times = 0;
      } catch (error) {
        if (this.#stopping || this.#run.signal.reason === ANEW) continue;
        times = clock.monoMs() - beganMs > WELL_AFTER_MS ? 1 : times + 1;
        const waited = this.#waits.state === 'starting' ? 'failed' : this.#waits.state;
        this.#failed = { state: isRefusal(error) ? 'refused' : waited, reason: lineOf(error) };
        log.error({ err: error, times }, 'this account is not being recorded; trying again');
      } finally {
        this.#run.abort();
        for (const close of held.toReversed())
          await close().catch((error: unknown) => log.warn({ err: error }, 'a part did not close'));
        this.parts = null;
        this.#closed = false;
        this.#ending = null;
        this.#waits = { state: 'starting', reason: null };
      }
      if (times > 0 && !this.#stopping) await this.#untilChanged(againMs(times));
    }
  }

  async #record(run: AbortController, hold: (close: () => Promise<unknown>) => void): Promise<void> {
    const { signal } = run;
    const { agreed, clock, dir, log, retentionMs } = this.#o;
    this.#changed = false;
    const { config } = this;
    const { replayed } = config.clock;
    const parts = await begin({
      ...this.#o,
      config,
      newest: () => this.config,
      apiKey: requireKey(config, this.#o.keyOf),
      signal,
      until: (what, work) => this.#until(what, signal, work),
      hold,
    });
    signal.throwIfAborted();
    const { checkpoints, intake, keeper, outflow, stream, tape } = parts;
    // The intake ends with its stream.
    signal.addEventListener('abort', () => void stream.close());
    const supervisor = new Supervisor({ clock, log, signal });
    this.parts = parts;
    this.wanted = parts.wanted;
    this.#supervisor = supervisor;
    this.#failed = null;
    const [taken] = await Promise.allSettled([
      // After an error of the intake its memory may be wrong as well: start over and read everything from the tape.
      intake.run(stream, signal).catch((error: unknown) => {
        run.abort();
        throw error;
      }),
      supervisor.run('sending', () =>
        outflow.run(signal).catch((error: unknown) => {
          // Whoever records the account elsewhere uses its socket too: this recording stops until the other one has.
          if (isElsewhere(error)) run.abort(error);
          throw error;
        }),
      ),
      supervisor.run('tidying', () =>
        upkeep({ dir, tape, checkpoints, retentionMs, replayed, agreed, clock, log, signal }),
      ),
      supervisor.run('symbols', () => this.#watchSymbols(parts, signal)),
      supervisor.run('address', () => this.#watchAddress(parts, signal)),
      supervisor.run('clock rule', () => this.#watchRule(keeper, signal)),
    ]);
    if (isElsewhere(signal.reason)) throw signal.reason;
    if (taken.status === 'rejected') throw taken.reason;
  }

  /** Also applies a changed configuration, so that the two never overtake each other. */
  async #watchSymbols(parts: Parts, signal: AbortSignal): Promise<void> {
    const { keeper, symbols } = parts;
    while (!signal.aborted) {
      await this.#untilChanged(symbols.pauseMs(this.wanted), signal);
      if (signal.aborted || this.#ending !== null) return;
      passing('collector: symbols due');
      const { config } = this;
      if (!isDeepStrictEqual(identityOf(config), identityOf(parts.config)))
        return this.#again('the configuration now names another account, key or feed');
      if (this.#changed) await keeper.reconsider();
      if (config === this.config) this.#changed = false;
      // A change of account, key or feed ends the look: the terminal may take a minute, and another account may wait for this feed.
      this.#symbolLook = new AbortController();
      const { signal: changed } = this.#symbolLook;
      try {
        await symbols.look(AbortSignal.any([signal, changed]));
      } catch (error) {
        if (signal.aborted) return;
        if (changed.aborted) continue;
        this.#o.log.warn(
          { err: error },
          'the symbol list could not be read; recording continues with the known symbols',
        );
      }
      if (!signal.aborted && this.#ending === null) await this.#want(parts, config, signal);
    }
  }

  /** @throws TAPE_FULL, TAPE_IO: then nothing has changed. */
  async #want({ intake, memory, stream, symbols }: Parts, config: AccountConfig, signal: AbortSignal) {
    const wanted = symbols.wanted(config, this.wanted.subscriptions);
    if (isDeepStrictEqual(wanted, this.wanted)) return;
    const { missing, streams } = wanted;
    if (missing.length > 0)
      this.#o.log.warn({ missing }, 'the symbol list lacks symbols that it had before; asking again');
    if (!isDeepStrictEqual(streams, this.wanted.streams)) {
      const feed = config.marketData?.feed ?? null;
      const of = { ...this.#o, account: config.name, feed, others: null, signal };
      const configured = await withLastTicks(of, memory, streams);
      if (signal.aborted || this.#ending !== null) return;
      intake.configure({ feed, replayed: config.clock.replayed, streams: configured });
    }
    this.wanted = wanted;
    stream.setSubscriptions([...wanted.subscriptions]);
  }

  async #watchAddress(parts: Parts, signal: AbortSignal): Promise<void> {
    const why = await watchAddress(parts, { ...this.#o, signal });
    if (why !== null) await this.#again(why);
  }

  async #watchRule(keeper: ClockKeeper, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.#o.clock, keeper.isProvisional ? PROVISIONAL_EVERY_MS : RULE_EVERY_MS, signal);
      if (signal.aborted) return;
      passing('collector: clock rule due');
      await keeper.adopt();
    }
  }

  /** Ends this recording in order; the next one begins at once. */
  async #again(why: string): Promise<void> {
    this.#o.log.info({ why }, 'restarting the recording');
    try {
      await this.#end();
    } finally {
      this.#run.abort(ANEW);
    }
  }

  #end(): Promise<void> {
    this.#ending ??= this.parts === null ? Promise.resolve() : this.#endInOrder(this.parts);
    return this.#ending;
  }

  async #endInOrder({ intake, memory, outflow, stream, tape }: Parts): Promise<void> {
    const { clock, log } = this.#o;
    try {
      await stream.close();
      if (intake.obstacle === null) intake.note('stop', {});
      await tape.sync();
    } catch (error) {
      log.warn(
        { err: error },
        'the last line could not be written to the tape; the next start recovers without it',
      );
    }
    this.#closed = true;
    const last = memory.ledger.lastTsRecv;
    const deadlineMs = clock.monoMs() + 4000;
    const { signal } = this.#run;
    while (!signal.aborted && clock.monoMs() < deadlineMs && (outflow.state.appliedTsRecv ?? 0) < last)
      await pause(clock, 20, signal);
    const { appliedTsRecv, phase } = outflow.state;
    if (phase !== 'paused') this.#applied = { epoch: this.#o.database.epoch, us: appliedTsRecv ?? 0 };
  }

  async #untilChanged(ms: number, ...signals: AbortSignal[]): Promise<void> {
    if (this.#changed) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(this.#o.clock, ms, AbortSignal.any([...signals, woken.signal]));
  }

  async #until<T>(what: WaitingFor, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { clock, log } = this.#o;
    const sinceMs = clock.monoMs();
    for (;;) {
      try {
        const done = await work();
        this.#waits = { state: 'starting', reason: null };
        return done;
      } catch (error) {
        signal.throwIfAborted();
        if (isRefusal(error)) throw error;
        this.#waits = { state: what, reason: lineOf(error) };
        log.warn({ err: error, phase: what }, 'trying again');
        // The account may have moved: start over and look up its address.
        if (what === 'waiting_for_gateway' && clock.monoMs() - sinceMs > GATEWAY_MS) throw error;
        await pause(clock, RETRY_MS, signal);
        signal.throwIfAborted();
      }
    }
  }
}

/** Abort reason of a recording that restarts at once. */
const ANEW = new Error('begun anew');

/** Trying again soon makes no sense. */
const isRefusal = (error: unknown): boolean =>
  (error instanceof FxtapeError && error.kind === 'terminal') ||
  (error instanceof FxSocketError && OF_THE_KEY.has(error.code));

/** An error as a line for people. */
const lineOf = (error: unknown): string => {
  if (error instanceof FxtapeError) return error.toLine();
  return error instanceof FxSocketError ? `${error.code}: ${error.message}. ${error.hint}` : String(error);
};

const againMs = (times: number): number => Math.min(LONGEST_AGAIN_MS, FIRST_AGAIN_MS * 2 ** (times - 1));

/** A change of these restarts the recording; all other settings are applied while it runs. */
const identityOf = ({ allowHttp, clock, id, keyVariable, marketData, match, tlsVerify }: AccountConfig) => ({
  allowHttp,
  id,
  match,
  keyVariable,
  tlsVerify,
  feed: marketData?.feed ?? null,
  replayed: clock.replayed,
});
