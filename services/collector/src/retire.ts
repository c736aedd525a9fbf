// Ends the recordings of accounts that were removed from the configuration or renamed. In: their tapes, one after the other. Out: their
// streams end, so that no gap stays open for ever; rows that are not yet in the database are sent; and the account of each tape is known,
// so that a renamed account is recognised by its server and login.
import { join } from 'node:path';
import { FxtapeError, type Log, pause, Supervisor } from '@fxtape/ops';
import { listTapes, readCursor } from '@fxtape/tape';
import { isElsewhere, openTape, outflowOf, type SharedParts } from './begin.ts';
import { Checkpoints } from './checkpoints.ts';
import { ClockKeeper } from './clock-keeper.ts';
import { cannotBeRead } from './feed-order.ts';
import { Intake } from './intake.ts';
import { type Binding, remembering } from './tape-memory.ts';
import { LAST_STOP } from './tape-reader.ts';
import { tidy } from './upkeep.ts';

const LOOK_MS = 250;
/** How often a tape that has ended is looked after. */
const UPKEEP_MS = 6 * 3_600_000;
/** … and how soon a failure is tried again. */
const AGAIN_MS = 120_000;
/** How long one tape may keep the others waiting: the database may be away, or its clock rule unsettled. */
const TURN_MS = 60_000;

export interface RetireOptions {
  readonly shared: SharedParts;
  /** The folder with a tape for each account. */
  readonly tapes: string;
  readonly log: Log;
  /** The rule of a server, according to an account that is still configured; null: none knows it. */
  readonly ruleOf: (server: string) => string | null;
}

/** An account that was recorded under this name. */
export interface Former {
  readonly name: string;
  readonly binding: Binding;
  readonly feed: string | null;
}

interface Under {
  readonly stop: AbortController;
  /** Those it has recorded. */
  readonly feeds: Promise<ReadonlySet<string | null>>;
  /** Its rows are in the database, or cannot be sent now. */
  readonly sent: PromiseWithResolvers<void>;
  work: Promise<void> | null;
}

export class Retirement {
  readonly #o: RetireOptions;
  readonly #former = new Map<string, Former>();
  readonly #under = new Map<string, Under>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: RetireOptions) {
    this.#o = options;
  }

  get former(): readonly Former[] {
    return [...this.#former.values()];
  }

  /** Every tape of a name that is not configured. @throws TAPE_IO: the folder cannot be read. */
  async addAll(configured: ReadonlySet<string>): Promise<void> {
    for (const name of await listTapes(this.#o.tapes)) if (!configured.has(name)) this.add(name);
  }

  /** Its pipeline has ended, or there was none. */
  add(name: string): void {
    if (this.#under.has(name)) return;
    const stop = new AbortController();
    const sent = Promise.withResolvers<void>();
    const one: Under = { stop, feeds: this.#feedsOf(name), sent, work: null };
    this.#under.set(name, one);
    this.#turn = this.#turn.then(async () => {
      const { signal } = stop;
      if (signal.aborted) return;
      const ended = this.#retire(name, signal);
      void ended.then(() => sent.resolve());
      one.work = ended.then((done) => this.#keep(name, done, signal));
      await Promise.race([ended, pause(this.#o.shared.clock, TURN_MS, signal)]);
    });
  }

  /** The account is configured again: resolves when its tape is free. */
  async giveBack(name: string): Promise<void> {
    const one = this.#under.get(name);
    one?.stop.abort();
    await one?.work;
    this.#under.delete(name);
    this.#former.delete(name);
    // Whoever waits for its rows now finds it among the configured accounts.
    one?.sent.resolve();
  }

  /** Resolves when the database has what these tapes contain of a feed: otherwise history would add the same ticks to the gap behind them. */
  async sent(feed: string, signal: AbortSignal): Promise<void> {
    for (const one of this.#under.values()) {
      if (!(await one.feeds).has(feed)) continue;
      const aborted = Promise.withResolvers<void>();
      const abort = () => aborted.resolve();
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      await Promise.race([one.sent.promise, aborted.promise]);
      signal.removeEventListener('abort', abort);
    }
  }

  /** A tape that cannot be read delays no other. */
  async #feedsOf(name: string): Promise<ReadonlySet<string | null>> {
    const memory = await remembering(name, join(this.#o.tapes, name)).catch(() => null);
    return new Set(memory === null ? [] : [...memory.ticked.keys(), memory.ledger.state.feed]);
  }

  async stop(): Promise<void> {
    const all = [...this.#under.values()];
    for (const { sent, stop } of all) {
      stop.abort();
      sent.resolve();
    }
    await Promise.all(all.map(async ({ work }) => work));
  }

  /** Retention goes on, another database gets what the tape has, and what failed is tried again. */
  async #keep(name: string, isDone: boolean, signal: AbortSignal): Promise<void> {
    for (let done = isDone; ; ) {
      await pause(this.#o.shared.clock, done ? UPKEEP_MS : AGAIN_MS, signal);
      if (signal.aborted) return;
      done = await this.#retire(name, signal);
    }
  }

  /** False: it failed, and will be tried again soon. */
  async #retire(name: string, signal: AbortSignal): Promise<boolean> {
    const log = this.#o.log.child({ account: name });
    try {
      await this.#send(name, log, signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const locked = error instanceof FxtapeError && error.code === 'TAPE_LOCKED';
      log[locked ? 'debug' : 'warn'](
        { err: error },
        'cannot end the tape of an account that is no longer configured; trying again',
      );
      return !locked && error instanceof FxtapeError && error.kind === 'terminal';
    }
  }

  async #send(account: string, log: Log, signal: AbortSignal): Promise<void> {
    const { ruleOf, shared, tapes } = this.#o;
    const { agreed, clock, retentionMs } = shared;
    const dir = join(tapes, account);
    let memory = await remembering(account, dir);
    const { binding } = memory;
    if (binding === null) return;
    this.#former.set(account, { name: account, binding, feed: memory.ledger.state.feed });
    const tape = await openTape({ ...shared, dir, log }, account, () => memory.save());
    try {
      memory = await remembering(account, dir);
      const { feed, replayed, streams } = memory.ledger.state;
      const intake = new Intake({ tape, memory, clock, log, replayed });
      if (streams.size > 0) {
        log.info('this account is no longer configured; ending its streams');
        intake.configure({ feed, replayed, streams: [] });
        intake.note('stop', {});
      }
      const keeper = new ClockKeeper({
        config: () => ({ clock: { rule: 'auto', replayed } }),
        // There is no gateway to ask any more.
        timezone: async () => ({ serverTime: '', utcOffsetSeconds: Number.NaN }),
        inferred: async () => ruleOf(binding.server),
        intake,
        memory,
        tape,
        clock,
        log,
      });
      const checkpoints = new Checkpoints(dir, await readCursor(dir));
      const parts = { tape, memory, intake, keeper, checkpoints };
      const outflow = outflowOf({ ...shared, dir, log }, { account, replayed, isOver: true }, parts);
      const over = new AbortController();
      const until = AbortSignal.any([signal, over.signal]);
      let refusal: Error | null = null;
      const supervisor = new Supervisor({ clock, log, signal: until });
      const sending = supervisor.run('sending', () =>
        outflow.run(until).catch((error: unknown) => {
          if (!isElsewhere(error)) throw error;
          refusal = error;
          over.abort();
        }),
      );
      for (let isTold = false; !until.aborted; await pause(clock, LOOK_MS, until)) {
        const { appliedTsRecv, caughtUp, phase, readTsRecv } = outflow.state;
        const last = memory.ledger.lastTsRecv;
        // About a minute: a tape that cannot be read at all must not delay the others. A database that is away may: it is away for all.
        if (supervisor.failures.some(cannotBeRead)) this.#under.get(account)?.sent.resolve();
        if ((appliedTsRecv ?? 0) >= last) break;
        // What waits for a word of the clock hears none any more.
        if (isTold || !caughtUp || phase !== 'sending' || (readTsRecv ?? 0) >= last) continue;
        intake.note('stop', LAST_STOP);
        isTold = true;
      }
      over.abort();
      await sending;
      if (refusal !== null) throw refusal;
      if (!signal.aborted) await tidy({ dir, tape, checkpoints, retentionMs, replayed, agreed, clock, log });
    } finally {
      await shared.claims.release(account);
      await tape.close();
    }
  }
}
