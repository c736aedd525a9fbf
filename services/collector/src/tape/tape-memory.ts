// The state at the end of a tape: gaps and streams, the last tick of each symbol, the clock rules, the account. Every appended line is
// applied to it. The head of each segment holds a copy; a start rebuilds it from the newest head and the lines behind that.
import { decodeFrame } from '@fxtape/fxsocket';
import {
  type ClockSpan,
  type CondemnedRow,
  emptyLedger,
  kindOfMark,
  LastTicks,
  Ledger,
  type LedgerNotes,
  loadLedger,
  type Ruling,
  Rulings,
  saveLedger,
  type StreamKey,
  type TapeEvent,
  type TickMark,
  TickMarker,
  type WireMessage,
} from '@fxtape/market';
import { type Damage, type Line, readTail } from '@fxtape/tape';
import { Condemned } from './condemned.ts';

/** The account that this tape belongs to, fixed at first use, and where its gateway was last found. */
export interface Binding {
  readonly server: string;
  readonly login: number;
  readonly restUrl: string;
  readonly wsUrl: string;
}

interface SavedMemory {
  readonly v: 1;
  readonly binding: Binding | null;
  readonly spans: readonly ClockSpan[];
  /** Absent in heads of earlier releases. */
  readonly rulings?: readonly Ruling[];
  readonly ledger: unknown;
  readonly known: ReturnType<LastTicks['save']>;
  /** As `TapeMemory.ticked`; an earlier release kept none. */
  readonly ticked?: readonly (readonly [string, number])[];
  /** As `TapeMemory.left`; an earlier release kept none. */
  readonly left?: readonly (readonly [string, ReturnType<LastTicks['save']>])[];
  /** An earlier release kept none. */
  readonly condemned?: readonly string[];
}

/** The frame of a line, decoded; taken from memory when the line was handed over there. Null for events. */
export const messageOf = (line: Line): WireMessage | null => {
  if (line.frame === null) return null;
  if (line.message !== undefined) return line.message as WireMessage;
  if (line.frameKind !== 'base64') return decodeFrame(line.frame);
  return {
    type: 'undecodable',
    reason: 'not_json',
    wireType: null,
    symbol: null,
    timeframe: null,
    detail: 'binary',
  };
};

/** Former feeds that are remembered: heads hold a tick per symbol of each. */
const MOST_LEFT = 4;

export type Configured = Extract<TapeEvent, { event: 'configured' }>['data'];
type Items = readonly (Line | Damage)[];
type Batches = AsyncIterable<Items> | Iterable<Items>;

export class TapeMemory {
  readonly #account: string;
  readonly #discard: LedgerNotes = { gaps: [], coverage: [] };
  binding: Binding | null = null;
  spans: readonly ClockSpan[] = [];
  rulings = new Rulings();
  ledger: Ledger;
  last = new LastTicks();
  condemned = new Condemned();
  /** Receive time of the newest tick of each feed, as of the last change of what is recorded. */
  ticked = new Map<string, number>();
  /** The last ticks of feeds that it recorded before, newest last. */
  left = new Map<string, ReturnType<LastTicks['save']>>();
  readonly marker = new TickMarker();

  constructor(account: string) {
    this.#account = account;
    this.ledger = new Ledger(account, emptyLedger());
  }

  /** False until streams stand on the tape: there was no start yet, or the first one was interrupted. */
  get begun(): boolean {
    const { feed, streams } = this.ledger.state;
    return feed !== null || streams.size > 0;
  }

  /** Symbols of the recorded streams. */
  get symbols(): string[] {
    return [...new Set(this.#streams.flatMap(({ symbol }) => symbol ?? []))];
  }

  /** The recorded streams that belong to the account itself and to no feed. */
  get accountStreams(): StreamKey[] {
    return this.#streams.filter(({ symbol }) => symbol === null);
  }

  get #streams(): StreamKey[] {
    return [...this.ledger.state.streams.values()].map(({ key }) => key);
  }

  /** Receive time of the newest tick of a feed, microseconds; 0: there is none. */
  tickedUs(feed: string): number {
    const { streams, feed: now } = this.ledger.state;
    const newest = now === feed ? [...streams.values()].map(({ tickUs }) => tickUs) : [];
    return Math.max(this.ticked.get(feed) ?? 0, ...newest);
  }

  /** Rebuilds the state. `head` is the state in the newest head, `batches` everything behind it. */
  async restore(head: unknown, batches: Batches): Promise<void> {
    const saved = head as SavedMemory | null;
    if (saved !== null) {
      this.binding = saved.binding;
      this.spans = saved.spans;
      this.rulings = new Rulings(saved.rulings);
      this.ledger = new Ledger(this.#account, loadLedger(saved.ledger));
      this.last = new LastTicks(saved.known);
      this.condemned = new Condemned(saved.condemned);
      this.ticked = new Map(saved.ticked);
      this.left = new Map(saved.left);
    }
    for await (const items of batches)
      for (const item of items)
        if ('kind' in item) this.#damage(item);
        else this.apply(item, messageOf(item));
  }

  /** Takes a line that was appended. */
  apply(line: Line, message: WireMessage | null): void {
    if (line.event === 'head') return;
    if (line.event === 'clock') this.spans = (line.data as { spans: ClockSpan[] }).spans;
    if (line.event === 'ruling') this.rulings = this.rulings.with([line.data as Ruling]);
    if (line.event === 'bound') this.binding = line.data as Binding;
    if (line.event === 'condemned') this.condemned.add(line.data as CondemnedRow);
    if (line.event === 'configured') this.#configured(line.data as Configured);
    if (message?.type === 'tick') this.#tick(line, message);
    this.ledger.apply(line, message, this.#discard);
    // Ticks leave no notes, and emptying an empty list costs as much as a tick.
    if (this.#discard.gaps.length > 0) this.#discard.gaps.length = 0;
    if (this.#discard.coverage.length > 0) this.#discard.coverage.length = 0;
  }

  /** The state for the head of a segment. */
  save(): SavedMemory {
    return {
      v: 1,
      binding: this.binding,
      spans: this.spans,
      rulings: this.rulings.list,
      ledger: saveLedger(this.ledger.state),
      known: this.last.save(),
      ticked: [...this.ticked],
      left: [...this.left],
      condemned: this.condemned.save(),
    };
  }

  #configured({ feed: next, streams }: Configured): void {
    const { feed } = this.ledger.state;
    if (feed !== null) this.ticked.set(feed, this.tickedUs(feed));
    if (feed !== null && feed !== next) this.#leave(feed);
    if (next !== null && feed !== next) this.last = new LastTicks(this.left.get(next) ?? []);
    for (const { lastTick, symbol } of streams) if (lastTick && symbol) this.last.remember(symbol, lastTick);
  }

  #leave(feed: string): void {
    this.left.delete(feed);
    this.left.set(feed, this.last.save());
    const [oldest] = this.left.keys();
    if (this.left.size > MOST_LEFT && oldest !== undefined) this.left.delete(oldest);
  }

  /** The last tick of each symbol of a feed, whether it is recorded now or was before. */
  lastOf(feed: string | null): ReturnType<LastTicks['save']> {
    if (feed === null) return [];
    return this.ledger.state.feed === feed ? this.last.save() : (this.left.get(feed) ?? []);
  }

  #tick({ conn, mark }: Line, { data, symbol }: Extract<WireMessage, { type: 'tick' }>): void {
    const kind = kindOfMark(mark);
    if (kind !== null) this.last.take(symbol, data, kind as TickMark, conn);
  }

  #damage(damage: Damage): void {
    const at = damage.beforeTsRecv ?? damage.afterTsRecv ?? 0;
    this.ledger.damaged(at, damageEvidence(damage), this.#discard);
  }
}

/** Reads the state from the end of a tape. @throws TAPE_IO, TAPE_FORMAT */
export const remembering = async (account: string, dir: string): Promise<TapeMemory> => {
  const memory = new TapeMemory(account);
  const tail = await readTail(dir);
  if (tail !== null)
    await memory.restore((tail.head as { state: unknown } | null)?.state ?? null, tail.lines);
  return memory;
};

/** Whose a tape is and which clock rules it has. */
export type TapeOwner = Pick<TapeMemory, 'binding' | 'spans'>;

/** For programs that only look at a tape. Null: it has no line. @throws TAPE_IO, TAPE_FORMAT */
export const tapeOwner = async (dir: string): Promise<TapeOwner | null> => {
  const tail = await readTail(dir);
  if (tail === null) return null;
  let { binding, spans } = (tail.head?.state ?? { binding: null, spans: [] }) as TapeOwner;
  for await (const items of tail.lines) {
    for (const item of items) {
      if ('kind' in item) continue;
      if (item.event === 'bound') binding = item.data as Binding;
      if (item.event === 'clock') ({ spans } = item.data as { spans: ClockSpan[] });
    }
  }
  return { binding, spans };
};

export const damageEvidence = (damage: Damage): string =>
  `${damage.reason}, ${damage.bytes ?? 'unknown'} bytes`;
