// The sending half of the pipeline: tape → rows → QuestDB → cursor. It resumes at the confirmed cursor after every start and
// after every trouble on the way to the database; keys make that harmless. Coverage is written after its rows are applied.
import { type CoverageRow, type Rows, STREAMED, type TableName, timingsAt } from '@fxtape/market';
import { type Clock, type Log, passing, pause } from '@fxtape/ops';
import type { AppliedWatch, TableWriter } from '@fxtape/questdb';
import { comparePositions, listSegments, type Position, type TapeWriter } from '@fxtape/tape';
import type { Checkpoints } from './checkpoints.ts';
import { type HoldKeeper, HoldWatch, type WatchedHold } from '../clock/hold-watch.ts';
import type { InHand } from './in-hand.ts';
import type { TapeMemory } from '../tape/tape-memory.ts';
import { type ReaderState, readerState, type Takeover, TapeReader } from '../rows/tape-reader.ts';
import { newer, type Witness, witnessOf } from './witness.ts';

/** Tables that live rows go to; coverage follows when these are applied. */
const ROW_TABLES = [...STREAMED.map(({ table }) => table), 'rejected', 'gap_events'] as const;
const APPLIED_EVERY_MS = 1000;
/** After a decision could not be written, the line is read again so much later. */
const AGAIN_MS = 2000;

export interface OutflowOptions {
  readonly account: string;
  readonly replayed: boolean;
  /** As `HoldWatchOptions.isOver`. */
  readonly isOver?: boolean;
  readonly tape: TapeWriter;
  readonly dir: string;
  readonly memory: TapeMemory;
  readonly checkpoints: Checkpoints;
  readonly writer: Pick<TableWriter, 'submit' | 'turn'>;
  readonly applied: Pick<AppliedWatch, 'tokens' | 'waitApplied'>;
  /** Counts troubles on the way to the database; a change means that sending begins again at the cursor. */
  readonly troubles: () => number;
  /** How much of the tape may be in memory. */
  readonly inHand: () => InHand;
  /** Resolves when rows may be made and written, with a signal that says when they must be made anew. */
  readonly enter: (signal: AbortSignal) => Promise<AbortSignal>;
  /** Makes the checkpoints those of the database that answers. False: it lacks what was confirmed, and everything is sent again. */
  readonly knowsDatabase: (signal: AbortSignal) => Promise<boolean>;
  /** Resolves when rows of a feed may be sent after those on other tapes. Without it they always may. */
  readonly untilFeedSent?:
    | ((of: Takeover, says: (reason: string) => void, signal: AbortSignal) => Promise<void>)
    | undefined;
  /** Decides about lines that wait. */
  readonly keeper: HoldKeeper;
  readonly condemned: (table: TableName, row: Record<string, unknown>, reason: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OutflowState {
  phase: 'sending' | 'paused' | 'clock_conflict' | 'unconfirmed' | 'feed_waits' | 'stopped';
  /** Why rows wait for the clock, or for another tape; null when they do not. */
  reason: string | null;
  readTsRecv: number | null;
  answeredTsRecv: number | null;
  appliedTsRecv: number | null;
  /** Receive time of the takeover that waits for other accounts; null: none waits. */
  waitsAtUs: number | null;
  caughtUp: boolean;
  /** Frames that are stored with null in a field that could not be read, since the start. */
  fieldsUnreadable: number;
  /** Symbols whose ticks come too late to be of now. */
  delayed: readonly string[];
}

export class Outflow {
  readonly state: OutflowState = {
    phase: 'sending',
    reason: null,
    readTsRecv: null,
    answeredTsRecv: null,
    appliedTsRecv: null,
    waitsAtUs: null,
    caughtUp: false,
    fieldsUnreadable: 0,
    delayed: [],
  };
  readonly #o: OutflowOptions;
  #pending: Promise<void> = Promise.resolve();
  #answeredMs = Number.NEGATIVE_INFINITY;
  /** A line that is read again counts once. */
  #countedTsRecv = 0;
  /** Of what was answered, this pass or before it. */
  #witness: Witness | null = null;
  #coverage = new Map<string, CoverageRow>();
  /** Of the present pass; aborted when all that was made in it must be made anew. */
  #passing = AbortSignal.abort();
  readonly #holds: HoldWatch;
  /** Increased when a database answers that does not know this tape. A wait for applied rows that began before proves nothing. */
  #generation = 0;
  /** Takeovers that need not wait any more: this database has the rows of the others. */
  #taken = new Set<number>();

  constructor(options: OutflowOptions) {
    this.#o = options;
    const says = (phase: 'unconfirmed' | 'clock_conflict', reason: string): void => {
      this.state.phase = phase;
      this.state.reason = reason;
    };
    const from = () => options.checkpoints.confirmed?.position ?? null;
    this.#holds = new HoldWatch({ ...options, from, says });
  }

  /** Runs until the signal is aborted. After an error it can be run again: it resumes at the confirmed cursor like any start. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const until = AbortSignal.any([signal, failed.signal]);
    const applied = this.#confirmApplied(until);
    try {
      while (!signal.aborted) {
        const passing = await this.#enter(until);
        if (passing === null) break;
        const hold = await this.#pass(passing);
        if (hold === null || passing.aborted) continue;
        await this.#wait(hold, passing);
      }
      this.state.phase = 'stopped';
    } finally {
      failed.abort();
      // Begun again, it asks first which database answers.
      if (!signal.aborted) this.state.phase = 'paused';
      await Promise.allSettled([applied, this.#pending]);
      this.#pending = Promise.resolve();
    }
  }

  /** Waits while tables are being corrected; the tape goes on. Null: the end came first. */
  async #enter(signal: AbortSignal): Promise<AbortSignal | null> {
    if (!this.#passing.aborted) return this.#passing;
    this.state.phase = 'paused';
    try {
      const entered = await this.#o.enter(signal);
      // Claims of the last pass were made with the old rule; the next one makes them anew, from the cursor on.
      this.#coverage.clear();
      this.#passing = AbortSignal.any([signal, entered]);
      return this.#passing;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** One reading from the confirmed cursor until something stands in the way. */
  async #pass(signal: AbortSignal): Promise<WatchedHold | Takeover | null> {
    const { account, checkpoints, untilFeedSent, memory, replayed, tape } = this.#o;
    try {
      if (!(await this.#o.knowsDatabase(signal))) {
        this.#coverage.clear();
        this.#taken.clear();
        this.#generation++;
        this.#answeredMs = Number.NEGATIVE_INFINITY;
        this.state.answeredTsRecv = this.state.appliedTsRecv = null;
      }
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
    this.#witness = checkpoints.confirmed?.witness ?? null;
    this.state.readTsRecv = null;
    const start = await this.#start();
    const { appended } = tape.position;
    if (start.position !== null && comparePositions(start.position, appended) >= 0) {
      // Nothing comes of a tape that was confirmed to its end.
      this.state.caughtUp = true;
      this.state.answeredTsRecv = this.state.appliedTsRecv = memory.ledger.lastTsRecv;
    }
    checkpoints.rewind();
    const troubles = this.#o.troubles();
    const mayTake = untilFeedSent && ((tsRecv: number) => this.#taken.has(tsRecv));
    const reader = new TapeReader({ account, replayed, state: start.state, decided: () => memory, mayTake });
    for await (const batch of tape.follow(start.position, { signal, ...this.#o.inHand() })) {
      passing('collector: lines read');
      const { hold, lastTsRecv, rows, takeover } = reader.read(batch.items);
      const waits = takeover ?? hold;
      this.state.phase = 'sending';
      this.state.reason = null;
      this.state.caughtUp = batch.caughtUp;
      if (lastTsRecv !== null) this.state.readTsRecv = lastTsRecv;
      await this.#pending;
      this.state.delayed = reader.delayed;
      const due = waits === null && reader.isSettled && checkpoints.due(this.#o.clock.monoMs());
      const ledger = due ? reader.save() : null;
      this.#pending = this.#send(
        rows,
        lastTsRecv,
        ledger === null ? null : { ledger, position: batch.end },
        signal,
      );
      // Told with the next batch: nobody may wait for it before.
      this.#pending.catch(() => {});
      if (waits !== null || batch.caughtUp) await this.#pending;
      if (takeover !== null) return takeover;
      if (hold !== null) {
        const { state } = reader.ledger;
        const streams = [...state.streams.values()].map(({ key }) => key);
        const { clean, feed } = state;
        return { ...hold, clean, feed, streams, late: timingsAt(state, hold.tsRecv) };
      }
      if (this.#o.troubles() !== troubles) {
        await this.#pending;
        this.#o.log.info('sending restarts at the confirmed cursor');
        return null;
      }
      if (batch.caughtUp) await this.#turn(signal);
    }
    await this.#pending;
    return null;
  }

  /** With everything sent, the next reading waits until its rows can go out at once, and takes all that was appended by then. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { log, tape, writer } = this.#o;
    await writer.turn('ticks', signal);
    if (signal.aborted) return;
    await tape
      .sync()
      .catch((error: unknown) => log.debug({ err: error }, 'not synced yet; the tape tries again'));
  }

  async #start(): Promise<{ position: Position | null; state: ReaderState | null }> {
    const { checkpoints, dir } = this.#o;
    const confirmed = checkpoints.confirmed;
    if (confirmed !== null) return { position: confirmed.position, state: readerState(confirmed.ledger) };
    const [oldest] = await listSegments(dir);
    return { position: null, state: oldest === undefined ? null : await this.#oldestHead() };
  }

  /** What the head of the oldest segment knows, null when that head is damaged. */
  async #oldestHead(): Promise<ReaderState | null> {
    const controller = new AbortController();
    for await (const batch of this.#o.tape.follow(null, {
      signal: controller.signal,
      maxLines: 1,
      maxBytes: 1,
    })) {
      controller.abort();
      const first = batch.items[0];
      if (first === undefined || 'kind' in first || first.event !== 'head') return null;
      return { ...readerState((first.data as { state: unknown }).state), tellFromUs: first.tsRecv };
    }
    return null;
  }

  async #send(
    rows: Rows,
    lastTsRecv: number | null,
    checkpoint: { ledger: unknown; position: Position } | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { checkpoints, clock, condemned, writer } = this.#o;
    const never = new Set<unknown>();
    const submits = ROW_TABLES.filter((table) => rows[table].length > 0).map(async (table) => {
      const answered = await writer.submit(table, rows[table], { signal });
      for (const { reason, row } of answered.condemned) {
        never.add(row);
        condemned(table, row as Record<string, unknown>, reason);
      }
    });
    try {
      await Promise.all(submits);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#answeredMs = clock.monoMs();
    if (lastTsRecv !== null) this.state.answeredTsRecv = lastTsRecv;
    this.#witness = newer(this.#witness, witnessOf(rows, never));
    if (checkpoint !== null)
      checkpoints.answered({ ...checkpoint, answeredMs: this.#answeredMs, witness: this.#witness });
    for (const { kind, ts_recv: tsRecv } of rows.rejected) {
      if (kind !== 'field' || tsRecv <= this.#countedTsRecv) continue;
      this.state.fieldsUnreadable++;
      this.#countedTsRecv = tsRecv;
    }
    for (const row of rows.coverage)
      this.#coverage.set(`${row.range_id}|${row.stream}|${row.symbol}|${row.ts}`, row);
  }

  /** Once a second: what is answered becomes applied; then its coverage is written and the cursor moves. */
  async #confirmApplied(signal: AbortSignal): Promise<void> {
    const { applied, checkpoints, clock, log, writer } = this.#o;
    let doneMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      await pause(clock, APPLIED_EVERY_MS, signal);
      const answeredMs = this.#answeredMs;
      const passing = this.#passing;
      if (passing.aborted || answeredMs === doneMs) continue;
      const { answeredTsRecv } = this.state;
      const generation = this.#generation;
      const coverage = [...this.#coverage.values()];
      this.#coverage.clear();
      try {
        const until = { signal: passing };
        await applied.waitApplied(await applied.tokens(ROW_TABLES, until), until);
        if (coverage.length > 0) await writer.submit('coverage', coverage, until);
        if (passing.aborted || generation !== this.#generation) continue;
        this.state.appliedTsRecv = answeredTsRecv;
        await checkpoints.confirm(answeredMs, clock.monoMs());
        doneMs = answeredMs;
      } catch (error) {
        if (passing.aborted) continue;
        for (const row of coverage) {
          const key = `${row.range_id}|${row.stream}|${row.symbol}|${row.ts}`;
          if (!this.#coverage.has(key)) this.#coverage.set(key, row);
        }
        log.warn({ err: error }, 'cannot check yet which rows are applied; asking again');
      }
    }
  }

  /** Until the line may be read again. A decision that the tape does not take is made again. */
  async #wait(hold: WatchedHold | Takeover, signal: AbortSignal): Promise<void> {
    if (hold.why === 'feed') return this.#waitForOthers(hold, signal);
    try {
      await this.#holds.wait(hold, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#o.log.warn({ err: error }, 'the decision about waiting lines could not be written; trying again');
      await pause(this.#o.clock, AGAIN_MS, signal);
    }
  }

  /** Until the database has the rows of the feed that other accounts recorded before this one. */
  async #waitForOthers(takeover: Takeover, signal: AbortSignal): Promise<void> {
    const says = (reason: string): void => {
      this.state.phase = 'feed_waits';
      this.state.reason = reason;
    };
    this.state.waitsAtUs = takeover.tsRecv;
    try {
      await this.#o.untilFeedSent?.(takeover, says, signal);
    } finally {
      this.state.waitsAtUs = null;
    }
    if (!signal.aborted) this.#taken.add(takeover.tsRecv);
  }
}
