// The sending half of the pipeline: tape → rows → QuestDB → cursor. It resumes at the confirmed cursor after every start and
// after every trouble on the way to the database; keys make that harmless. Coverage is written after its rows are applied.
import {
  type ClockSpan,
  type CoverageRow,
  emptyLedger,
  Ledger,
  loadLedger,
  type Rows,
  saveLedger,
  spanAt,
} from '@fxtape/market';
import type { Clock, Log, Timer } from '@fxtape/ops';
import type { AppliedWatch, TableName, TableWriter } from '@fxtape/questdb';
import { listSegments, type Position, type TapeWriter } from '@fxtape/tape';
import type { Checkpoints } from './checkpoints.ts';
import type { Word } from './clock-keeper.ts';
import type { InHand } from './in-hand.ts';
import { messageOf, TapeMemory } from './tape-memory.ts';
import { type Hold, TapeReader, verdict } from './tape-reader.ts';

/** Tables that live rows go to; coverage follows when these are applied. */
const ROW_TABLES = [
  'ticks',
  'bar_events',
  'trade_events',
  'account_events',
  'position_events',
  'rejected',
  'gap_events',
] as const;
const APPLIED_EVERY_MS = 1000;
/** So long a rule that nothing speaks for or against is waited for. A moving clock takes two heartbeats, two seconds. */
const SILENCE_MS = 10_000;

export interface OutflowOptions {
  readonly account: string;
  readonly replayed: boolean;
  readonly tape: TapeWriter;
  readonly dir: string;
  readonly memory: TapeMemory;
  readonly checkpoints: Checkpoints;
  readonly writer: TableWriter;
  readonly applied: AppliedWatch;
  /** Counts troubles on the way to the database; a change means that sending begins again at the cursor. */
  readonly troubles: () => number;
  /** How much of the tape may be in memory. */
  readonly inHand: () => InHand;
  /** Resolves when rows may be made and written, with a signal that says when they must be made anew. */
  readonly enter: (signal: AbortSignal) => Promise<AbortSignal>;
  /** The rule of a stretch is contradicted or proved by it; resolves when the spans may have changed. */
  readonly settle: (hold: Hold, word: Word) => Promise<void>;
  readonly condemned: (table: TableName, row: Record<string, unknown>, reason: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OutflowState {
  phase: 'sending' | 'paused' | 'clock_conflict' | 'unconfirmed' | 'stopped';
  readTsRecv: number | null;
  answeredTsRecv: number | null;
  appliedTsRecv: number | null;
  caughtUp: boolean;
  /** Frames that are stored with null in a field that could not be read, since the start. */
  fieldsUnreadable: number;
}

export class Outflow {
  readonly state: OutflowState = {
    phase: 'sending',
    readTsRecv: null,
    answeredTsRecv: null,
    appliedTsRecv: null,
    caughtUp: false,
    fieldsUnreadable: 0,
  };
  readonly #o: OutflowOptions;
  #pending: Promise<void> = Promise.resolve();
  #answeredMs = Number.NEGATIVE_INFINITY;
  /** A line that is read again counts once. */
  #countedTsRecv = 0;
  #coverage = new Map<string, CoverageRow>();
  /** Of the present pass; aborted when all that was made in it must be made anew. */
  #passing = AbortSignal.abort();

  constructor(options: OutflowOptions) {
    this.#o = options;
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const applied = this.#confirmApplied(signal);
    while (!signal.aborted) {
      const passing = await this.#enter(signal);
      if (passing === null) break;
      const hold = await this.#pass(passing);
      if (hold === null || passing.aborted) continue;
      await this.#wait(hold, passing);
    }
    this.state.phase = 'stopped';
    await applied;
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
  async #pass(signal: AbortSignal): Promise<Hold | null> {
    const { account, checkpoints, memory, replayed, tape } = this.#o;
    const start = await this.#start();
    checkpoints.rewind();
    const troubles = this.#o.troubles();
    const reader = new TapeReader({ account, replayed, ledger: start.ledger, spans: () => memory.spans });
    for await (const batch of tape.follow(start.position, { signal, ...this.#o.inHand() })) {
      const { hold, lastTsRecv, rows } = reader.read(batch.items);
      this.state.phase = 'sending';
      this.state.caughtUp = batch.caughtUp;
      if (lastTsRecv !== null) this.state.readTsRecv = lastTsRecv;
      await this.#pending;
      const due = hold === null && checkpoints.due(this.#o.clock.monoMs());
      const ledger = due ? saveLedger(reader.ledger.state) : null;
      this.#pending = this.#send(
        rows,
        lastTsRecv,
        ledger === null ? null : { ledger, position: batch.end },
        signal,
      );
      if (hold !== null || batch.caughtUp) await this.#pending;
      if (hold !== null) return hold;
      if (this.#o.troubles() !== troubles) {
        await this.#pending;
        this.#o.log.info('sending begins again at the confirmed cursor');
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

  async #start(): Promise<{ position: Position | null; ledger: Ledger }> {
    const { account, checkpoints, dir } = this.#o;
    const confirmed = checkpoints.confirmed;
    if (confirmed !== null) {
      return { position: confirmed.position, ledger: new Ledger(account, loadLedger(confirmed.ledger)) };
    }
    const [oldest] = await listSegments(dir);
    const head = oldest === undefined ? null : await this.#oldestHead();
    return { position: null, ledger: new Ledger(account, head === null ? emptyLedger() : loadLedger(head)) };
  }

  /** The ledger in the head of the oldest segment, null when that head is damaged. */
  async #oldestHead(): Promise<unknown> {
    const controller = new AbortController();
    for await (const batch of this.#o.tape.follow(null, { signal: controller.signal, maxLines: 1 })) {
      controller.abort();
      const first = batch.items[0];
      if (first === undefined || 'kind' in first || first.event !== 'head') return null;
      return TapeMemory.ledgerOf((first.data as { state: unknown }).state);
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
    const submits = ROW_TABLES.filter((table) => rows[table].length > 0).map(async (table) => {
      const answered = await writer.submit(table, rows[table] as never, { signal });
      for (const each of answered.condemned)
        condemned(table, each.row as Record<string, unknown>, each.reason);
    });
    try {
      await Promise.all(submits);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    this.#answeredMs = clock.monoMs();
    if (lastTsRecv !== null) this.state.answeredTsRecv = lastTsRecv;
    if (checkpoint !== null) checkpoints.answered({ ...checkpoint, answeredMs: this.#answeredMs });
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
      const coverage = [...this.#coverage.values()];
      this.#coverage.clear();
      try {
        const until = { signal: passing };
        await applied.waitApplied(await applied.tokens(ROW_TABLES, until), until);
        if (coverage.length > 0) await writer.submit('coverage', coverage as never, until);
        if (passing.aborted) continue;
        this.state.appliedTsRecv = answeredTsRecv;
        await checkpoints.confirm(answeredMs, clock.monoMs());
        doneMs = answeredMs;
      } catch (error) {
        if (passing.aborted) continue;
        for (const row of coverage) {
          const key = `${row.range_id}|${row.stream}|${row.symbol}|${row.ts}`;
          if (!this.#coverage.has(key)) this.#coverage.set(key, row);
        }
        log.warn({ err: error }, 'cannot tell yet what is applied; asking again');
      }
    }
  }

  /** Looks ahead on the tape for a word about the rule, and waits until the rule is settled. */
  async #wait(hold: Hold, signal: AbortSignal): Promise<void> {
    const { log } = this.#o;
    let word: Word | null = 'conflict';
    if (hold.why === 'unconfirmed') {
      this.state.phase = 'unconfirmed';
      log.info({ code: 'CLOCK_UNCONFIRMED', ...hold }, 'rows wait until a running clock agrees');
      word = await this.#evidence(hold, signal);
    }
    if (word === 'conflict') {
      this.state.phase = 'clock_conflict';
      log.warn({ code: 'CLOCK_CONFLICT', ...hold }, 'rows wait until the clock rule is settled');
    }
    if (word !== null) await this.#o.settle(hold, word);
  }

  /** Null: the span is confirmed or gone, or the waiting was ended. */
  async #evidence(hold: Hold, signal: AbortSignal): Promise<Word | null> {
    const { checkpoints, clock, memory, tape } = this.#o;
    const from = checkpoints.confirmed?.position ?? null;
    const silence = new AbortController();
    let timer: Timer | null = null;
    try {
      for await (const batch of tape.follow(from, { signal: AbortSignal.any([signal, silence.signal]) })) {
        const span: ClockSpan | null = spanAt(memory.spans, hold.tsRecv);
        if (span === null || span.confirmed) return null;
        for (const item of batch.items) {
          if ('kind' in item || item.tsRecv < hold.tsRecv || item.frame === null) continue;
          const message = messageOf(item);
          const word = message === null ? null : verdict(item, message, span);
          if (word !== null) return word;
        }
        if (batch.caughtUp) timer ??= clock.setTimeout(() => silence.abort(), SILENCE_MS);
      }
      return silence.signal.aborted && !signal.aborted ? 'silence' : null;
    } finally {
      if (timer !== null) clock.clearTimeout(timer);
    }
  }
}

/** Waits, or returns early when the signal is aborted. */
export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      signal.removeEventListener('abort', done);
      clock.clearTimeout(timer);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
