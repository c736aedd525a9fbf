// Ends the recordings of accounts that were removed from the configuration or renamed. In: their tapes, one after the other. Out: their
// streams end, so that no gap stays open; rows that the database lacks are sent; and the account of each tape is known, so that a renamed
// account is recognised by its server and login.
import { join } from 'node:path';
import { abortable, FxtapeError, type Log, type PartFailure, pause, Supervisor } from '@fxtape/ops';
import { listTapes, readCursor } from '@fxtape/tape';
import { connectOutflow } from './send/connect-outflow.ts';
import { openTape, type SharedParts } from './start/begin.ts';
import { Checkpoints } from './send/checkpoints.ts';
import { isElsewhere } from './start/lease-account.ts';
import { ClockKeeper } from './clock/clock-keeper.ts';
import type { FeedOrder, Neighbour } from './feed/feed-order.ts';
import { Intake } from './intake/intake.ts';
import { type Binding, remembering } from './tape/tape-memory.ts';
import { LAST_STOP } from './rows/tape-reader.ts';
import { tidy } from './upkeep.ts';

const LOOK_MS = 250;
/** How often a tape that has ended is looked after. */
const UPKEEP_MS = 6 * 3_600_000;
/** … and how soon a failure is tried again. Another account's rows may wait for it. */
const AGAIN_MS = 15_000;
/** How long one tape may keep the others waiting: the database may be away, or its clock rule unsettled. */
const TURN_MS = 60_000;

export interface RetireOptions {
  readonly shared: SharedParts;
  /** The folder with a tape for each account. */
  readonly tapes: string;
  /** A former account took over feeds as well, and its rows follow those of others. */
  readonly order: Pick<FeedOrder, 'untilSent'>;
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
  work: Promise<void> | null;
  /** Epoch of the database for which this tape is done: everything was sent, or a terminal error ended it. */
  doneFor: AbortSignal | null;
  /** The last failure and how often it came in a row; empty after a success. */
  failed: readonly PartFailure[];
  /** While it is sent. */
  sending: { readonly parts: NonNullable<Neighbour['parts']>; readonly supervisor: Supervisor } | null;
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

  /** For those that wait for the rows of these tapes. */
  get neighbours(): Neighbour[] {
    const { epoch } = this.#o.shared.database;
    return [...this.#under].map(([name, { doneFor, failed, sending }]) => ({
      config: { name },
      failures: [...failed, ...(sending?.supervisor.failures ?? [])],
      openFeed: null,
      parts: sending?.parts ?? null,
      appliedUs: doneFor === epoch ? Number.POSITIVE_INFINITY : 0,
    }));
  }

  /** Every tape of a name that is not configured. @throws TAPE_IO: the folder cannot be read. */
  async addAll(configured: ReadonlySet<string>): Promise<void> {
    for (const name of await listTapes(this.#o.tapes)) if (!configured.has(name)) this.add(name);
  }

  /** Its pipeline has ended, or there was none. */
  add(name: string): void {
    if (this.#under.has(name)) return;
    const stop = new AbortController();
    const one: Under = { stop, work: null, doneFor: null, failed: [], sending: null };
    this.#under.set(name, one);
    one.work = this.#keep(name, one);
  }

  /** One tape after the other: all together would be in memory at once. */
  async #inTurn(name: string, one: Under): Promise<void> {
    const { signal } = one.stop;
    const work: Promise<void>[] = [];
    this.#turn = this.#turn.then(async () => {
      if (signal.aborted) return;
      work.push(this.#retire(name, one));
      await Promise.race([...work, pause(this.#o.shared.clock, TURN_MS, signal)]);
    });
    // Who is configured again, or stopped, does not wait for its turn.
    await abortable(this.#turn, signal).catch(() => {});
    await Promise.all(work);
  }

  /** The account is configured again: resolves when its tape is free. */
  async giveBack(name: string): Promise<void> {
    const one = this.#under.get(name);
    one?.stop.abort();
    await one?.work;
    this.#under.delete(name);
    this.#former.delete(name);
  }

  async stop(): Promise<void> {
    const all = [...this.#under.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(async ({ work }) => work));
  }

  /** Retention goes on, another database gets what the tape has, and what failed is tried again. */
  async #keep(name: string, one: Under): Promise<void> {
    const { clock, database } = this.#o.shared;
    const { signal } = one.stop;
    for (;;) {
      await this.#inTurn(name, one);
      const { epoch } = database;
      const ms = one.doneFor === epoch ? UPKEEP_MS : AGAIN_MS;
      await pause(clock, ms, AbortSignal.any([signal, epoch]));
      if (signal.aborted) return;
    }
  }

  async #retire(name: string, one: Under): Promise<void> {
    const log = this.#o.log.child({ account: name });
    const { signal } = one.stop;
    const { epoch } = this.#o.shared.database;
    try {
      await this.#send(name, one, log);
      one.failed = [];
      if (!signal.aborted) one.doneFor = epoch;
    } catch (error) {
      if (signal.aborted) return;
      const { code, kind, message } =
        error instanceof FxtapeError
          ? error
          : { code: 'INTERNAL', kind: 'transient', message: String(error) };
      const locked = code === 'TAPE_LOCKED';
      const isOver = !locked && kind === 'terminal';
      const then = isOver ? 'correct the cause and restart the collector' : 'trying again in 15 s';
      const [before] = one.failed;
      const times = before?.code === code ? before.times + 1 : 1;
      log[locked && times > 1 ? 'debug' : 'warn'](
        { err: error },
        `cannot send the rest of this tape, whose account is no longer configured; ${then}`,
      );
      one.failed = [{ part: 'sending', code, message, times }];
      // Only a person can fix this: nobody waits for this tape while this database answers.
      if (isOver) one.doneFor = epoch;
    } finally {
      one.sending = null;
    }
  }

  async #send(account: string, one: Under, log: Log): Promise<void> {
    const { signal } = one.stop;
    const { order, ruleOf, shared, tapes } = this.#o;
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
      const outflow = connectOutflow(shared, {
        account,
        replayed,
        isOver: true,
        dir,
        tape,
        memory,
        intake,
        keeper,
        checkpoints,
        untilFeedSent: (of, says, wait) => order.untilSent(account, of, says, wait),
        log,
      });
      const over = new AbortController();
      const until = AbortSignal.any([signal, over.signal]);
      let refusal: Error | null = null;
      const supervisor = new Supervisor({ clock, log, signal: until });
      one.sending = { parts: { memory, outflow, checkpoints }, supervisor };
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
      await shared.lease.release(account);
      await tape.close();
    }
  }
}
