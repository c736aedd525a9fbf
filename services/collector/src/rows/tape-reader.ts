// The reading half of the pipeline: lines of the tape become rows. It has its own gap ledger and clock guard, restored from the place where
// it starts, so every reading gives the same rows. In: batches of a follower. Out: rows by table, or the line where reading must stop.
//
//   line ──► guard ──go──► rows, with all lines that waited
//              ├──wait──► waits in memory for the next clock reading, for seconds, and so do the lines behind it
//              └──stop──► a hold: reading stops at the first waiting line until the clock is settled (hold-watch)
//
// Reading also stops where the account takes over a feed, until the rows that other accounts recorded of it are sent (feed-order).
import { isDeepStrictEqual } from 'node:util';
import {
  type ClockSpan,
  coverageRows,
  gapEventRow,
  Guard,
  type GuardState,
  isAfterJump,
  kindOfMark,
  Ledger,
  type LedgerNotes,
  loadLedger,
  emptyLedger,
  noRows,
  type Rows,
  type Rulings,
  saveLedger,
  sightOf,
  spanAt,
  type StreamKey,
  parseClockRule,
  type WireMessage,
} from '@fxtape/market';
import type { Damage, Line } from '@fxtape/tape';
import { type LineContext, LineRows } from './line-rows.ts';
import { ReplayedFolds } from './replayed-folds.ts';
import { type Configured, damageEvidence, messageOf } from '../tape/tape-memory.ts';

/** `conflict`: a clock contradicts the rule of this stretch. `unconfirmed`: no clock has agreed with it yet. */
export interface Hold {
  readonly why: 'conflict' | 'unconfirmed';
  /** The first line that waits. */
  readonly tsRecv: number;
}

export interface ReadResult {
  readonly rows: Rows;
  readonly hold: Hold | null;
  readonly takeover: Takeover | null;
  /** Receive time of the newest line whose rows were made. */
  readonly lastTsRecv: number | null;
}

/** The account begins to record a feed, and rows of other accounts may have to be sent first. */
export interface Takeover {
  readonly why: 'feed';
  readonly feed: string;
  readonly tsRecv: number;
}

/** What a reader starts from: saved with a checkpoint, or in a head, which has no guard. */
export interface ReaderState {
  readonly ledger: unknown;
  readonly guard?: GuardState;
  /** Where a replayed gateway's clock stood, UTC. */
  readonly clockMs?: number | null;
  /** Receive time of the head where a database without earlier rows begins. */
  readonly tellFromUs?: number;
}

/** What the tape has decided about its lines so far. */
export interface Decided {
  readonly spans: readonly ClockSpan[];
  readonly rulings: Rulings;
}

/** Data of the last `stop` of a tape: no further line will settle what waits. */
export const LAST_STOP = { last: true } as const;

interface Read {
  readonly rows: Rows;
  readonly notes: LedgerNotes;
  lastTsRecv: number | null;
}

export class TapeReader {
  readonly ledger: Ledger;
  readonly #replayed: boolean;
  readonly #account: string;
  readonly #decided: () => Decided;
  readonly #guard: Guard;
  readonly #rows: LineRows;
  readonly #folds: ReplayedFolds | null;
  readonly #mayTake: (tsRecv: number) => boolean;
  #takeover: Takeover | null = null;
  #queue: (Line | Damage)[] = [];
  #tellFromUs: number | null;

  constructor(o: {
    readonly account: string;
    readonly replayed: boolean;
    readonly state: ReaderState | null;
    readonly decided: () => Decided;
    /** Whether the line may be read with which the account takes over a feed. Without this, every such line may. */
    readonly mayTake?: ((tsRecv: number) => boolean) | undefined;
  }) {
    this.#account = o.account;
    this.#replayed = o.replayed;
    this.#decided = o.decided;
    this.#mayTake = o.mayTake ?? (() => true);
    this.ledger = new Ledger(o.account, o.state === null ? emptyLedger() : loadLedger(o.state.ledger));
    this.#guard = new Guard(o.state?.guard);
    this.#tellFromUs = o.state?.tellFromUs ?? null;
    this.#rows = new LineRows(o);
    this.#folds = o.replayed ? new ReplayedFolds(this.ledger.state, o.state?.clockMs ?? null) : null;
  }

  /** Nothing waits in memory: reading can resume behind the last line given. */
  get isSettled(): boolean {
    return this.#queue.length === 0;
  }

  /** Symbols whose ticks are stored as late. */
  get delayed(): readonly string[] {
    return [...this.#guard.delayed];
  }

  /** Only while it is settled. */
  save(): ReaderState {
    return {
      ledger: saveLedger(this.ledger.state),
      guard: this.#guard.save(),
      clockMs: this.#folds?.clockMs ?? null,
    };
  }

  /** Reads to the end of the items, or up to a hold or a takeover; after one of these the reader cannot go on. */
  read(items: readonly (Line | Damage)[]): ReadResult {
    const read: Read = { rows: noRows(), notes: { gaps: [], coverage: [] }, lastTsRecv: null };
    let hold: Hold | null = null;
    if (this.#tellFromUs !== null) this.ledger.tellAnew(this.#tellFromUs, read.notes);
    this.#tellFromUs = null;
    for (const item of items) {
      hold = this.#take(item, read);
      if (hold !== null || this.#takeover !== null) break;
    }
    this.#spell(read);
    return { rows: read.rows, hold, takeover: this.#takeover, lastTsRecv: read.lastTsRecv };
  }

  /** Makes rows of all notes so far: they belong to the present feed. */
  #spell({ notes, rows }: Read): void {
    const context = this.#context();
    for (const note of notes.gaps.splice(0)) rows.gap_events.push(gapEventRow(note, context));
    for (const note of notes.coverage.splice(0)) rows.coverage.push(...coverageRows(note, context));
  }

  #take(item: Line | Damage, read: Read): Hold | null {
    if ('kind' in item) {
      if (this.isSettled) this.#damage(item, read);
      else this.#queue.push(item);
      return null;
    }
    if (item.event === 'head') {
      if (this.isSettled) this.#head(item, read);
      else this.#queue.push(item);
      return null;
    }
    const message = messageOf(item);
    const { rulings, spans } = this.#decided();
    const isAside = rulings.setAsideAt(item.tsRecv) !== null;
    const span = spanAt(spans, item.tsRecv);
    if (message !== null && !isAside && (span === null || !span.confirmed))
      return this.#leaveRule(read) ?? { why: 'unconfirmed', tsRecv: item.tsRecv };
    const isWatched = message !== null && !isAside && span !== null && !this.#replayed;
    if (isWatched && this.#isNear(item, message, span, read)) return null;
    // Read from a file, a line is decoded here, and not again when it becomes rows.
    const line = message === null || item.message === message ? item : { ...item, message };
    if (this.#replayed) {
      this.#emit(line, read);
      return null;
    }
    const sight = isWatched
      ? sightOf(line, message, parseClockRule(span.rule), rulings.receivedUs(line.tsRecv))
      : null;
    return this.#guarded(line, this.#guard.take(line, sight), read);
  }

  /** The hot path: a live tick close to its receive time, while nothing waits. */
  #isNear(line: Line, message: WireMessage, span: ClockSpan, read: Read): boolean {
    if (message.type !== 'tick' || kindOfMark(line.mark) !== 'live') return false;
    if (!this.isSettled || this.#guard.phase !== 'agreeing' || isAfterJump(line.mark)) return false;
    if (this.#rows.liveTick(line, message, span, read.rows, this.#context()) !== 'written') return false;
    this.#guard.near(line.tsRecv, message.symbol);
    this.#passed(line, message, read);
    return true;
  }

  #guarded(line: Line, word: 'go' | 'wait' | 'anew' | 'stop', read: Read): Hold | null {
    if (word === 'stop') return { why: 'conflict', tsRecv: this.#firstWaiting ?? line.tsRecv };
    if (word === 'go' || word === 'anew') this.#release(read);
    if (word === 'go') this.#emit(line, read);
    else this.#queue.push(line);
    if (line.event !== 'stop') return null;
    // The session is over. What leans on the rule was not contradicted; other waiting lines are released after the last `stop` only.
    const isOver = this.#guard.phase === 'leaning' || isDeepStrictEqual(line.data, LAST_STOP);
    return isOver ? this.#leave(read) : null;
  }

  /** Another rule follows, and cannot vouch for lines that wait under this one. If those were in doubt, a running clock has to decide. */
  #leaveRule(read: Read): Hold | null {
    if (this.#guard.phase !== 'wondering') return this.#leave(read);
    return { why: 'conflict', tsRecv: this.#firstWaiting ?? 0 };
  }

  /** No further line can settle what waits. */
  #leave(read: Read): Hold | null {
    if (this.isSettled) return null;
    if (this.#guard.end() === 'stop') return { why: 'conflict', tsRecv: this.#firstWaiting ?? 0 };
    this.#release(read);
    return null;
  }

  get #firstWaiting(): number | null {
    const first = this.#queue.find((item) => !('kind' in item)) as Line | undefined;
    return first?.tsRecv ?? null;
  }

  #release(read: Read): void {
    const waited = this.#queue;
    this.#queue = [];
    for (const item of waited) {
      if (this.#takeover !== null) return;
      if ('kind' in item) this.#damage(item, read);
      else this.#emit(item, read);
    }
  }

  #emit(given: Line, read: Read): void {
    if (given.event === 'head') return this.#head(given, read);
    this.#takeover ??= this.#takes(given);
    if (this.#takeover !== null) return;
    const message = messageOf(given);
    const context = this.#context();
    const { rulings, spans } = context;
    const span = spanAt(spans, given.tsRecv);
    const line =
      message === null || span === null ? given : (this.#folds?.complete(given, message, span) ?? given);
    const { rows } = read;
    const aside = rulings.setAsideAt(line.tsRecv);
    if (message !== null && aside !== null) this.#rows.setAside(line, message, aside.reason, rows);
    else if (message !== null && span !== null) {
      const isLate = this.#rows.frame(line, message, span, rows, context);
      if (isLate && message.type === 'tick') this.#guard.foundDelayed(message.symbol);
    } else if (line.event === 'condemned') this.#rows.condemned(line, rows);
    this.#passed(line, message, read);
    if (line.event === 'ruling') this.#rows.ruling(line, this.ledger.state, rows, context);
  }

  /** Not null: at this line the account begins to record a feed, and must wait. */
  #takes({ data, event, tsRecv }: Line): Takeover | null {
    if (event !== 'configured') return null;
    const { feed, streams } = data as Configured;
    if (feed === null || !streams.some(isOfSymbol)) return null;
    const { state } = this.ledger;
    const goesOn = state.feed === feed && [...state.streams.values()].some(({ key }) => isOfSymbol(key));
    return goesOn || this.#mayTake(tsRecv) ? null : { why: 'feed', feed, tsRecv };
  }

  #passed(line: Line, message: WireMessage | null, read: Read): void {
    if (line.event === 'configured') this.#spell(read);
    this.ledger.apply(line, message, read.notes);
    read.lastTsRecv = line.tsRecv;
  }

  /** Behind damage the head says what is configured, and for which feed, from here on. */
  #head({ data, tsRecv }: Line, read: Read): void {
    const { state } = data as { state: unknown };
    if (this.ledger.state.unreadFromUs === null || state === null) return;
    const head = loadLedger(readerState(state).ledger);
    this.ledger.forget(head, tsRecv, read.notes);
    this.#spell(read);
    this.ledger.learn(head, tsRecv, read.notes);
  }

  #damage(damage: Damage, read: Read): void {
    this.ledger.damaged(damage.beforeTsRecv ?? damage.afterTsRecv ?? 0, damageEvidence(damage), read.notes);
  }

  #context(): LineContext {
    const { rulings, spans } = this.#decided();
    return { account: this.#account, feed: this.ledger.state.feed, rulings, spans };
  }
}

const isOfSymbol = ({ symbol }: StreamKey): boolean => symbol !== null;

/** What a head or a cursor keeps. An earlier release kept the ledger alone. */
export const readerState = (saved: unknown): ReaderState =>
  typeof saved === 'object' && saved !== null && 'ledger' in saved
    ? (saved as ReaderState)
    : { ledger: saved };
