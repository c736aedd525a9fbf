// The sending half of the pipeline: tape → rows → QuestDB. It resumes at the confirmed cursor after every start and every database
// trouble; keys make sending twice harmless. What follows the rows is next door: `confirmation` writes coverage and the cursor once rows
// are applied, `waiting` ends what keeps a line from becoming rows.
import type { LedgerState, Rows, TableName } from '@fxtape/market';
import { passing } from '@fxtape/ops';
import type { TableWriter } from '@fxtape/questdb';
import { comparePositions, type Position } from '@fxtape/tape';
import type { HoldKeeper } from '../clock/hold-watch.ts';
import { type Hold, type Takeover, TapeReader } from '../rows/tape-reader.ts';
import { Confirmation, type ConfirmationOptions, ROW_TABLES } from './confirmation.ts';
import type { InHand } from './in-hand.ts';
import { OutflowState } from './outflow-state.ts';
import { resumeAt } from './resume-at.ts';
import { Waiting, type WaitingOptions } from './waiting.ts';

export interface OutflowOptions extends ConfirmationOptions, Omit<WaitingOptions, 'from' | 'inHand'> {
  readonly account: string;
  readonly dir: string;
  readonly writer: Pick<TableWriter, 'submit' | 'turn'>;
  /** Counts database troubles; a change means that sending restarts at the cursor. */
  readonly troubles: () => number;
  /** How much of the tape may be in memory. */
  readonly inHand: () => InHand;
  /** Resolves when rows may be made and written, with a signal that says when they must be made anew. */
  readonly enter: (signal: AbortSignal) => Promise<AbortSignal>;
  /** Makes the checkpoints those of the database that answers. False: it lacks what was confirmed, and everything is sent again. */
  readonly knowsDatabase: (signal: AbortSignal) => Promise<boolean>;
  /** Decides about lines that wait. */
  readonly keeper: HoldKeeper;
  readonly condemned: (table: TableName, row: Record<string, unknown>, reason: string) => void;
}

/** Where reading stopped, with the ledger as it stands there. */
interface Stopped {
  readonly at: Hold | Takeover;
  readonly ledger: LedgerState;
}

export class Outflow {
  readonly state = new OutflowState();
  readonly #o: OutflowOptions;
  readonly #confirmation: Confirmation;
  readonly #waiting: Waiting;
  /** The batch before the present one, on its way to the database. */
  #pending: Promise<void> = Promise.resolve();
  /** Aborted when everything made since `enter` must be made anew. */
  #passing = AbortSignal.abort();
  /** A line that is read again counts once. */
  #countedTsRecv = 0;

  constructor(options: OutflowOptions) {
    this.#o = options;
    this.#confirmation = new Confirmation(options, this.state);
    const from = () => options.checkpoints.confirmed?.position ?? null;
    this.#waiting = new Waiting({ ...options, from }, this.state);
  }

  /** Runs until the signal is aborted. After an error it can be run again: it resumes at the confirmed cursor like any start. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const until = AbortSignal.any([signal, failed.signal]);
    const confirming = this.#confirmation.run(until, () => this.#passing);
    try {
      while (!signal.aborted) {
        const passing = await this.#enter(until);
        if (passing === null) break;
        const stopped = await this.#readOn(passing);
        if (stopped === null || passing.aborted) continue;
        await this.#waiting.until(stopped.at, stopped.ledger, passing);
      }
      this.state.phase = 'stopped';
    } finally {
      failed.abort();
      // The next run first asks which database answers.
      if (!signal.aborted) this.state.phase = 'paused';
      await Promise.allSettled([confirming, this.#pending]);
      this.#pending = Promise.resolve();
    }
  }

  /** Waits while tables are being corrected; the tape goes on. Null: the end came first. */
  async #enter(signal: AbortSignal): Promise<AbortSignal | null> {
    if (!this.#passing.aborted) return this.#passing;
    this.state.phase = 'paused';
    try {
      const entered = await this.#o.enter(signal);
      // Earlier claims were made with the old rule; they are made anew from the cursor on.
      this.#confirmation.coverage.clear();
      this.#passing = AbortSignal.any([signal, entered]);
      return this.#passing;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** Reads from the confirmed cursor until something stands in the way. Null: read again from the cursor, or the end came. */
  async #readOn(signal: AbortSignal): Promise<Stopped | null> {
    const { account, checkpoints, clock, memory, replayed, tape } = this.#o;
    const from = await this.#resume(signal);
    if (from === null) return null;
    const troubles = this.#o.troubles();
    const { mayTake } = this.#waiting;
    const reader = new TapeReader({ account, replayed, state: from.state, decided: () => memory, mayTake });
    for await (const batch of tape.follow(from.position, { signal, ...this.#o.inHand() })) {
      passing('collector: lines read');
      const { hold, lastTsRecv, rows, takeover } = reader.read(batch.items);
      const stop = takeover ?? hold;
      this.state.phase = 'sending';
      this.state.reason = null;
      this.state.caughtUp = batch.caughtUp;
      if (lastTsRecv !== null) this.state.readTsRecv = lastTsRecv;
      await this.#pending;
      this.state.delayed = reader.delayed;
      const isDue = stop === null && reader.isSettled && checkpoints.due(clock.monoMs());
      const checkpoint = isDue ? { ledger: reader.save(), position: batch.end } : null;
      this.#pending = this.#send(rows, lastTsRecv, checkpoint, signal);
      // Its error is thrown with the next batch; until then nobody waits for it.
      this.#pending.catch(() => {});
      if (stop !== null || batch.caughtUp) await this.#pending;
      if (stop !== null) return { at: stop, ledger: reader.ledger.state };
      if (this.#o.troubles() !== troubles) {
        await this.#pending;
        this.#o.log.info('sending restarts at the confirmed cursor');
        return null;
      }
      if (batch.caughtUp) await this.#untilWriterIsFree(signal);
    }
    await this.#pending;
    return null;
  }

  /** Asks which database answers, and where to begin with it. Null: the end came first. */
  async #resume(signal: AbortSignal) {
    const { checkpoints, memory, tape } = this.#o;
    try {
      if (!(await this.#o.knowsDatabase(signal))) {
        this.#confirmation.startOver();
        this.#waiting.startOver();
      }
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
    this.#confirmation.resume();
    this.state.readTsRecv = null;
    const from = await resumeAt(checkpoints, this.#o);
    const { appended } = tape.position;
    if (from.position !== null && comparePositions(from.position, appended) >= 0) {
      // A tape that is confirmed to its end gives nothing to read.
      this.state.caughtUp = true;
      this.state.answeredTsRecv = this.state.appliedTsRecv = memory.ledger.lastTsRecv;
    }
    checkpoints.rewind();
    return from;
  }

  async #send(
    rows: Rows,
    lastTsRecv: number | null,
    checkpoint: { ledger: unknown; position: Position } | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { writer } = this.#o;
    const condemned = new Set<unknown>();
    const submits = ROW_TABLES.filter((table) => rows[table].length > 0).map(async (table) => {
      const answered = await writer.submit(table, rows[table], { signal });
      for (const { reason, row } of answered.condemned) {
        condemned.add(row);
        this.#o.condemned(table, row as Record<string, unknown>, reason);
      }
    });
    try {
      await Promise.all(submits);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#confirmation.answered({ rows, condemned, lastTsRecv, checkpoint });
    for (const { kind, ts_recv: tsRecv } of rows.rejected) {
      if (kind !== 'field' || tsRecv <= this.#countedTsRecv) continue;
      this.state.fieldsUnreadable++;
      this.#countedTsRecv = tsRecv;
    }
  }

  /** Once everything is sent: waits until rows can go out at once, then syncs, so that the next batch is all that was appended by then. */
  async #untilWriterIsFree(signal: AbortSignal): Promise<void> {
    const { log, tape, writer } = this.#o;
    await writer.turn('ticks', signal);
    if (signal.aborted) return;
    await tape
      .sync()
      .catch((error: unknown) => log.debug({ err: error }, 'not synced yet; the tape tries again'));
  }
}
