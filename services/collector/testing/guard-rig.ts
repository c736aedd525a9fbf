// An account whose clocks go wrong, for tests of the guard: a script of seconds becomes frames, the real intake marks them and puts them on a
// real tape, and a sender reads along as the collector does, holds, decides, and goes on. The database is a map of rows by key, in which no
// row may ever change.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame, type StreamItem } from '@fxtape/fxsocket';
import {
  type ClockSpan,
  gapEnd,
  setAsideFrom,
  HoldJudge,
  type HoldOutcome,
  LEAST_MARGIN_MS,
  type Rows,
  type Ruling,
  ruleAt,
  stepSpans,
  timingsAt,
} from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { type Line, readTape, TapeWriter } from '@fxtape/tape';
import { Intake } from '../src/intake/intake.ts';
import { messageOf, TapeMemory } from '../src/tape/tape-memory.ts';
import { type Hold, type ReaderState, TapeReader } from '../src/rows/tape-reader.ts';

export const START_MS = Date.UTC(2026, 5, 24, 12);
export const RULE = 'UTC+3h';
const OFFSET_MS = 3 * 3_600_000;

export interface ScriptTick {
  readonly symbol: string;
  /** How far what it states is from what the server's clock shows. */
  readonly offMs?: number;
  /** When in its second. */
  readonly atMs?: number;
}

/** One second of the world. What is not said is as it should be, or as it was. */
export interface Second {
  readonly ticks?: readonly ScriptTick[];
  /** How far the server's clock is from the truth, from now on. */
  readonly serverMs?: number;
  /** How far the machine's clock is from the truth, from now on. */
  readonly machineMs?: number;
  readonly frozen?: boolean;
  /** False: no heartbeat comes. */
  readonly beats?: boolean;
  readonly bar?: boolean;
  readonly reconnects?: boolean;
  /** The machine slept before it, for so long: its monotonic clock stood. */
  readonly sleptMs?: number;
  /** Somebody gives another rule, from now on. */
  readonly corrects?: string;
}

/** A tick as the gateway sent it. Its bid is its number. */
export interface SentTick {
  readonly bid: number;
  readonly symbol: string;
  /** When the frame was really received. */
  readonly realMs: number;
  /** What it states, read by the right rule. */
  readonly statedMs: number;
  /** When it was quoted: what it states by the right rule, were the server's clock right. */
  readonly trueMs: number;
}

const keyOf = (table: keyof Rows, row: object): string => {
  const of = row as Record<string, unknown>;
  const names = [
    'ts',
    'event',
    'gap_id',
    'ts_recv',
    'symbol',
    'stream',
    'range_id',
    'deal_id',
    'ticket',
    'timeframe',
  ];
  // Of a range of coverage and of a tick the time is part of the key; so it is of a gap's event.
  return `${table} ${names.map((name) => String(of[name])).join(' ')}`;
};

/** Rows by key. Coverage grows; everything else is as it was when it comes again. */
export class Tables {
  readonly rows = new Map<string, object>();
  /** Rows that came again and were not the same. */
  readonly changed: string[] = [];

  take(rows: Rows): void {
    for (const [table, list] of Object.entries(rows) as [keyof Rows, object[]][])
      for (const row of list) {
        const key = keyOf(table, row);
        const before = this.rows.get(key);
        if (before !== undefined && table !== 'coverage' && JSON.stringify(before) !== JSON.stringify(row))
          this.changed.push(`${key}: ${JSON.stringify(before)} became ${JSON.stringify(row)}`);
        this.rows.set(key, row);
      }
  }

  of<T extends keyof Rows>(table: T): Rows[T] {
    return [...this.rows].filter(([key]) => key.startsWith(`${table} `)).map(([, row]) => row) as Rows[T];
  }

  get sorted(): string[] {
    return [...this.rows].map(([key, row]) => `${key} ${JSON.stringify(row)}`).toSorted();
  }
}

/** The sender: reads synced lines in pieces, sends rows, holds and decides. Nobody names another rule. */
class Sender {
  readonly tables = new Tables();
  hold: Hold | null = null;
  readonly holds: Hold[] = [];
  readonly #memory: TapeMemory;
  readonly #lines: readonly Line[];
  readonly #note: (event: string, data: unknown) => void;
  #judge: HoldJudge | null = null;
  #judged = 0;
  #reader: TapeReader;
  #at = 0;
  /** Where reading resumes: the last place where nothing waited. */
  #cursor: { at: number; state: ReaderState | null } = { at: 0, state: null };

  constructor(memory: TapeMemory, lines: readonly Line[], note: (event: string, data: unknown) => void) {
    this.#memory = memory;
    this.#lines = lines;
    this.#note = note;
    this.#reader = this.#readerFrom(null);
  }

  get isSettled(): boolean {
    return this.hold === null && this.#reader.isSettled;
  }

  turn(): void {
    for (;;) {
      if (this.hold === null) this.#read();
      if (this.hold === null) return;
      const outcome = this.#look(this.hold);
      if (outcome === null) return;
      this.#decide(this.hold, outcome);
      this.#judge = null;
      this.hold = null;
      this.#at = this.#cursor.at;
      this.#reader = this.#readerFrom(this.#cursor.state);
    }
  }

  #readerFrom(state: ReaderState | null): TapeReader {
    return new TapeReader({ account: 'demo', replayed: false, state, decided: () => this.#memory });
  }

  #read(): void {
    const { hold, rows } = this.#reader.read(this.#lines.slice(this.#at));
    this.tables.take(rows);
    this.#at = this.#lines.length;
    this.hold = hold;
    if (hold !== null) this.holds.push(hold);
    else if (this.#reader.isSettled && this.#at % 3 === 0)
      this.#cursor = { at: this.#at, state: JSON.parse(JSON.stringify(this.#reader.save())) };
  }

  #look(hold: Hold): HoldOutcome | null {
    const { rulings, spans } = this.#memory;
    if (this.#judge === null) {
      this.#judged = this.#cursor.at;
      const rule = ruleAt(spans, hold.tsRecv);
      this.#judge = new HoldJudge({ why: hold.why, fromUs: hold.tsRecv, rule, rulings });
    }
    for (; this.#judged < this.#lines.length; this.#judged++) {
      const line = this.#lines[this.#judged] as Line;
      const outcome = this.#judge.take(line, messageOf(line));
      if (outcome !== null) return outcome;
    }
    return null;
  }

  #decide(hold: Hold, outcome: HoldOutcome): void {
    const { spans } = this.#memory;
    if (outcome.kind === 'confirmed') {
      const confirmed = spans.map((span) => ({ ...span, confirmed: true }));
      this.#note('clock', { spans: confirmed });
    } else if (outcome.kind === 'corrected')
      for (const receipt of outcome.receipts) this.#note('ruling', receipt);
    else {
      const { state } = this.#reader.ledger;
      const { clean } = state;
      const late = timingsAt(state, hold.tsRecv);
      const from = setAsideFrom(clean, this.#memory.rulings.receivedUs(hold.tsRecv));
      const { to, toUs } = outcome;
      const bounds = { from, to: gapEnd(to, LEAST_MARGIN_MS) };
      const ruling: Ruling = {
        kind: 'set_aside',
        fromUs: hold.tsRecv,
        toUs,
        ...bounds,
        reason: 'test',
        late,
      };
      this.#note('ruling', ruling);
    }
  }
}

export interface Played {
  readonly sent: readonly SentTick[];
  readonly sender: Sender;
  readonly memory: TapeMemory;
  /** As they stand on the tape in the end. */
  readonly lines: readonly Line[];
}

/** Plays a script against a tape of its own and a sender that reads along. */
export async function play(
  seconds: readonly Second[],
  o: { readonly confirmed?: boolean; readonly symbols?: readonly string[]; readonly rule?: string } = {},
): Promise<Played> {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-guard-'));
  try {
    const memory = new TapeMemory('demo');
    const log = createLog({ service: 'test', level: 'fatal' });
    const tape = await TapeWriter.open({
      dir,
      account: 'demo',
      head: () => memory.save(),
      clock: systemClock(),
    });
    const lines: Line[] = [];
    const append = tape.append.bind(tape);
    tape.append = (entries) => {
      const written = append(entries);
      lines.push(...written);
      return written;
    };
    let wallMs = START_MS + (seconds[0]?.machineMs ?? 0);
    const clock = { ...systemClock(), nowUs: () => Math.round(wallMs * 1000), nowMs: () => wallMs };
    const intake = new Intake({ tape, memory, clock, log, replayed: false });
    const confirmed = o.confirmed ?? true;
    const spans: ClockSpan[] = [{ fromUs: 0, rule: o.rule ?? RULE, confirmed, evidence: '', decidedUs: 0 }];
    intake.note('clock', { spans });
    intake.clockChanged();
    const symbols = o.symbols ?? ['EURUSD', 'BHP'];
    const streams = symbols.map((symbol) => ({ stream: 'ticks' as const, symbol, timeframe: null }));
    intake.note('configured', { feed: 'demo', streams });
    const sender = new Sender(memory, lines, (event, data) => {
      intake.note(event, data);
      tape.rotate();
    });
    const sent: SentTick[] = [];
    const script = new Script(symbols, sent);
    async function* batches(): AsyncGenerator<StreamItem[]> {
      for (const second of seconds) {
        const items = script.second(second);
        if (second.corrects !== undefined) {
          const decidedUs = tape.stamp(clock.nowUs());
          const next = {
            fromUs: decidedUs,
            rule: second.corrects,
            confirmed: false,
            evidence: '',
            decidedUs,
          };
          intake.note('clock', { spans: stepSpans(memory.spans, next) });
          intake.clockChanged();
        }
        wallMs = (items.at(-1)?.recvUs ?? wallMs * 1000) / 1000;
        yield items;
        // By now the batch is on the tape.
        sender.turn();
      }
    }
    const stream = Object.assign(batches(), { pauseIntake: () => {}, resumeIntake: () => {} });
    await intake.run(stream, new AbortController().signal);
    sender.turn();
    await tape.close();
    const read: Line[] = [];
    for await (const { items } of readTape(dir, null))
      for (const item of items) if (!('kind' in item)) read.push(item);
    return { sent, sender, memory, lines: read };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Rows of a tape, read at once with all that was decided; `cut`: in two readings, the second from what the first one saved. */
export function readAll({ lines, memory }: Played, cut = 0): Tables {
  const tables = new Tables();
  const decided = () => memory;
  const first = new TapeReader({ account: 'demo', replayed: false, state: null, decided });
  let at = cut;
  tables.take(first.read(lines.slice(0, at)).rows);
  // A checkpoint is made only where nothing waits.
  while (!first.isSettled && at < lines.length) tables.take(first.read(lines.slice(at, ++at)).rows);
  const state = JSON.parse(JSON.stringify(first.save())) as ReaderState;
  const second = new TapeReader({ account: 'demo', replayed: false, state, decided });
  tables.take(second.read(lines.slice(at)).rows);
  return tables;
}

/** Turns seconds into frames, with the truth about each tick. */
class Script {
  readonly #symbols: readonly string[];
  readonly #sent: SentTick[];
  #second = 0;
  #sleptMs = 0;
  #conn = 0;
  #serverMs = 0;
  #machineMs = 0;
  #frozenMs: number | null = null;

  constructor(symbols: readonly string[], sent: SentTick[]) {
    this.#symbols = symbols;
    this.#sent = sent;
  }

  second(o: Second): StreamItem[] {
    const items: StreamItem[] = [];
    this.#sleptMs += o.sleptMs ?? 0;
    const baseMs = this.#second++ * 1000 + this.#sleptMs;
    this.#serverMs = o.serverMs ?? this.#serverMs;
    this.#machineMs = o.machineMs ?? this.#machineMs;
    if (o.frozen === true) this.#frozenMs ??= START_MS + baseMs + this.#serverMs;
    else if (o.frozen === false) this.#frozenMs = null;
    if (this.#conn === 0 || o.reconnects === true) this.#connect(items, baseMs);
    const ticks = (o.ticks ?? []).toSorted((a, b) => (a.atMs ?? 500) - (b.atMs ?? 500));
    if (o.beats !== false) items.push(this.#beat(baseMs));
    for (const tick of ticks) items.push(this.#tick(tick, baseMs));
    if (o.bar === true) items.push(this.#bar(baseMs + 990));
    return items;
  }

  #connect(items: StreamItem[], atMs: number): void {
    const session = (event: object): StreamItem =>
      ({ kind: 'session', ...this.#received(atMs), event }) as StreamItem;
    if (this.#conn > 0) items.push(session({ type: 'disconnected', code: 1006, reason: 'test' }));
    this.#conn++;
    items.push(session({ type: 'connected' }));
    for (const symbol of this.#symbols) {
      const sub = { topic: 'prices', symbol };
      items.push(session({ type: 'subscribed', sub, how: 'ack' }));
    }
  }

  #received(atMs: number) {
    const recvUs = Math.round((START_MS + atMs + this.#machineMs) * 1000);
    return { conn: this.#conn, recvUs, monoMs: 5000 + atMs - this.#sleptMs };
  }

  #frame(atMs: number, body: object): StreamItem {
    const text = JSON.stringify(body);
    const frame = { kind: 'frame', congested: false, text, json: true, binary: false };
    return { ...frame, ...this.#received(atMs), message: decodeFrame(text) } as StreamItem;
  }

  #text(ms: number): string {
    return new Date(ms + OFFSET_MS).toISOString();
  }

  #beat(atMs: number): StreamItem {
    const serverTime = this.#text(this.#frozenMs ?? START_MS + atMs + this.#serverMs);
    return this.#frame(atMs, { type: 'terminal', data: { connected: true, tradeAllowed: true, serverTime } });
  }

  #tick({ atMs = 500, offMs = 0, symbol }: ScriptTick, baseMs: number): StreamItem {
    const realMs = START_MS + baseMs + atMs;
    const statedMs = realMs + this.#serverMs + offMs;
    const bid = this.#sent.length + 1;
    this.#sent.push({ bid, symbol, realMs, statedMs, trueMs: realMs + offMs });
    const data = { symbol, bid, ask: bid + 1, last: 0, volume: 0, time: this.#text(statedMs) };
    return this.#frame(baseMs + atMs, { type: 'tick', symbol, data });
  }

  #bar(atMs: number): StreamItem {
    const time = this.#text(Math.floor((START_MS + atMs + this.#serverMs) / 60_000) * 60_000);
    const data = {
      symbol: 'EURUSD',
      timeframe: 'M1',
      time,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      tickVolume: 1,
    };
    return this.#frame(atMs, { type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data });
  }
}
