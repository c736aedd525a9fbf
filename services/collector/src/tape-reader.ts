// The reading half of the pipeline: lines of the tape become rows. It keeps a ledger of its own, so that it says the same
// from wherever it starts. In: batches of a follower. Out: rows by table, or the reason why a line must wait.
import {
  agrees,
  coverageRow,
  gapEventRow,
  isMistimed,
  kindOfMark,
  Ledger,
  type LedgerNotes,
  noRows,
  normalise,
  type NormaliseContext,
  parseBrokerTime,
  parseClockRule,
  passOfMark,
  type Rows,
  type ClockSpan,
  spanAt,
  type WireMessage,
} from '@fxtape/market';
import type { Damage, Line } from '@fxtape/tape';
import { damageEvidence, messageOf } from './tape-memory.ts';

/** `conflict`: the rule of this stretch contradicts the receive time. `unconfirmed`: nothing agreed with it yet. */
export interface Hold {
  readonly why: 'conflict' | 'unconfirmed';
  readonly tsRecv: number;
}

export interface ReadResult {
  readonly rows: Rows;
  readonly hold: Hold | null;
  readonly lastTsRecv: number | null;
}

export class TapeReader {
  readonly ledger: Ledger;
  readonly #account: string;
  readonly #replayed: boolean;
  readonly #spans: () => readonly ClockSpan[];
  #context: NormaliseContext | null = null;
  #contextRule = '';

  constructor(o: { account: string; replayed: boolean; ledger: Ledger; spans: () => readonly ClockSpan[] }) {
    this.#account = o.account;
    this.#replayed = o.replayed;
    this.ledger = o.ledger;
    this.#spans = o.spans;
  }

  /** Reads until the end of the items or up to the line that must wait. */
  read(items: readonly (Line | Damage)[]): ReadResult {
    const rows = noRows();
    const notes: LedgerNotes = { gaps: [], coverage: [] };
    let hold: Hold | null = null;
    let lastTsRecv: number | null = null;
    for (const item of items) {
      if ('kind' in item) {
        this.ledger.damaged(item.beforeTsRecv ?? item.afterTsRecv ?? 0, damageEvidence(item), notes);
        continue;
      }
      hold = this.#line(item, rows, notes);
      if (hold !== null) break;
      lastTsRecv = item.tsRecv;
    }
    const context = { account: this.#account, feed: this.ledger.state.feed, spans: this.#spans() };
    for (const note of notes.gaps) rows.gap_events.push(gapEventRow(note, context));
    for (const note of notes.coverage) {
      const row = coverageRow(note, context);
      if (row !== null) rows.coverage.push(row);
    }
    return { rows, hold, lastTsRecv };
  }

  #line(line: Line, rows: Rows, notes: LedgerNotes): Hold | null {
    if (line.event === 'head') return null;
    const message = messageOf(line);
    if (message !== null) {
      const hold = this.#frame(line, message, rows);
      if (hold !== null) return hold;
    } else if (line.event === 'condemned') this.#condemned(line, rows);
    this.ledger.apply(line, message, notes);
    return null;
  }

  #frame(line: Line, message: WireMessage, rows: Rows): Hold | null {
    const span = spanAt(this.#spans(), line.tsRecv);
    if (span === null || !span.confirmed) return { why: 'unconfirmed', tsRecv: line.tsRecv };
    if (message.type === 'terminal') {
      return this.#replayed || verdict(line, message, span) !== 'conflict'
        ? null
        : { why: 'conflict', tsRecv: line.tsRecv };
    }
    const frame = { tsRecv: line.tsRecv, mark: line.mark, raw: line.frame ?? '', message };
    return normalise(frame, this.#contextOf(span), rows) === 'clock_conflict'
      ? { why: 'conflict', tsRecv: line.tsRecv }
      : null;
  }

  /** The same object for as long as nothing in it changes: a line needs no new one. */
  #contextOf(span: ClockSpan): NormaliseContext {
    const { feed } = this.ledger.state;
    if (this.#context === null || this.#context.feed !== feed || this.#contextRule !== span.rule) {
      this.#contextRule = span.rule;
      const rule = parseClockRule(span.rule);
      this.#context = { account: this.#account, feed, rule, replayed: this.#replayed };
    }
    return this.#context;
  }

  #condemned(line: Line, rows: Rows): void {
    const data = line.data as { table: string; reason: string; raw: string };
    const base = { ts: line.tsRecv, account: this.#account, ts_recv: line.tsRecv };
    rows.rejected.push({ ...base, kind: `row of ${data.table}`, reason: data.reason, raw: data.raw });
  }
}

/** What a clean heartbeat or a live tick says about the rule of its span; null when it says nothing. */
export const verdict = (line: Line, message: WireMessage, span: ClockSpan): 'agrees' | 'conflict' | null => {
  const kind = kindOfMark(line.mark);
  if (isMistimed(line.mark)) return null;
  let text: string | null = null;
  if (message.type === 'terminal' && kind === 'clean') text = message.data.serverTime ?? null;
  if (message.type === 'tick' && kind === 'live') text = message.data.time;
  const time = text === null ? null : parseBrokerTime(text);
  if (time === null) return null;
  const pass = passOfMark(line.mark);
  const near = pass === null ? { recvMs: line.tsRecv / 1000 } : { pass };
  return agrees(parseClockRule(span.rule).read(time.ms, near).ms, line.tsRecv) ? 'agrees' : 'conflict';
};
