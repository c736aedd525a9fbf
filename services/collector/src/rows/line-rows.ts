// The rows of one line whose clock is settled: the frame's content, or a row of `rejected` where the line is set aside. In: a line with its
// frame, the clock rule of its stretch, and the tape's rulings. Out: rows by table. The same input always gives the same rows and keys.
import {
  type ClockSpan,
  type FrameLine,
  type GapNote,
  gapEventRow,
  kindOfMark,
  LEAST_MARGIN_MS,
  momentGapId,
  type LedgerRowContext,
  type LedgerState,
  normalise,
  type NormaliseContext,
  parseClockRule,
  rejectedRow,
  type Rows,
  type Ruling,
  type Rulings,
  setAsideGaps,
  sightOf,
  STREAM_OF_FRAME,
  type WireMessage,
} from '@fxtape/market';
import type { Line } from '@fxtape/tape';

const MINUTE_US = 60_000_000;
const MARGIN_US = LEAST_MARGIN_MS * 1000;
/** Types of frames that give rows. */
const RECORDED = new Set<string>([...STREAM_OF_FRAME.keys(), 'unknown', 'undecodable']);

/** Whose the frame is, and what the tape has decided so far. */
export interface LineContext extends LedgerRowContext {
  readonly rulings: Rulings;
}

export class LineRows {
  readonly #account: string;
  readonly #replayed: boolean;
  #context: NormaliseContext | null = null;
  #contextRule = '';

  constructor(o: { readonly account: string; readonly replayed: boolean }) {
    this.#account = o.account;
    this.#replayed = o.replayed;
  }

  /** The hot path. `odd`, and no row: the tick is not close to its receive time, and the guard has to judge it. */
  liveTick(line: Line, message: WireMessage, span: ClockSpan, rows: Rows, context: LineContext) {
    return normalise(this.#frame(line, message, context), this.#of(span, context.feed), rows);
  }

  /** A frame whose clock is known. True for an old live tick: its symbol is delayed. */
  frame(line: Line, message: WireMessage, span: ClockSpan, rows: Rows, context: LineContext): boolean {
    const frame = this.#frame(line, message, context);
    const of = this.#of(span, context.feed);
    const isTick = message.type === 'tick' && kindOfMark(line.mark) !== 'repeat';
    const sight =
      isTick && !this.#replayed ? sightOf(line, message, of.rule, frame.receivedUs ?? line.tsRecv) : null;
    if (sight?.word === 'ahead' || sight?.word === 'stray') {
      this.#untimed(line, message as Extract<WireMessage, { type: 'tick' }>, rows, context);
      return false;
    }
    const isLate = sight?.word === 'old';
    normalise(isLate ? { ...frame, isLate } : frame, of, rows);
    return isLate;
  }

  /** A frame that came while a clock contradicted its rule. */
  setAside(line: Line, message: WireMessage, reason: string, rows: Rows): void {
    if (RECORDED.has(message.type) && kindOfMark(line.mark) !== 'repeat')
      this.#reject(line, message.type, reason, rows);
  }

  condemned(line: Line, rows: Rows): void {
    const { raw, reason, table } = line.data as { table: string; reason: string; raw: string };
    this.#reject(line, `row of ${table}`, reason, rows, raw);
  }

  /** A stretch that was set aside is a gap of every stream. */
  ruling({ data, tsRecv }: Line, ledger: LedgerState, rows: Rows, context: LineContext): void {
    const ruling = data as Ruling;
    if (ruling.kind !== 'set_aside') return;
    const of = { account: this.#account, tsRecv };
    for (const note of setAsideGaps(ruling, ledger, of)) rows.gap_events.push(gapEventRow(note, context));
  }

  /** A tick without a known time. Its gap is the whole minute, so a symbol that sends only such ticks has one gap a minute. */
  #untimed(
    line: Line,
    { data, symbol }: Extract<WireMessage, { type: 'tick' }>,
    rows: Rows,
    context: LineContext,
  ): void {
    const reason = `the time ${data.time} is none of now, and the clock is right`;
    this.#reject(line, 'tick', reason, rows);
    const receivedUs = context.rulings.receivedUs(line.tsRecv);
    const minuteUs = receivedUs - (receivedUs % MINUTE_US);
    const outageId = `${this.#account}-${minuteUs.toString(36)}`;
    const gap = {
      id: momentGapId(`${outageId}-ticks.${symbol}`, 'untimed'),
      outageId,
      from: { utcUs: minuteUs - MARGIN_US },
      evidence: 'ticks without a known time',
    };
    const key = { stream: 'ticks' as const, symbol, timeframe: null };
    const to = { utcUs: minuteUs + MINUTE_US + MARGIN_US };
    rows.gap_events.push(gapEventRow({ ...ended(gap), tsRecv: minuteUs, key, to }, context));
  }

  #reject(
    { frame, tsRecv }: Line,
    kind: string,
    reason: string,
    { rejected }: Rows,
    raw = frame ?? '',
  ): void {
    rejected.push(rejectedRow({ account: this.#account, tsRecv, kind, reason, raw }));
  }

  #frame(line: Line, message: WireMessage, { rulings }: LineContext): FrameLine {
    const frame = { tsRecv: line.tsRecv, mark: line.mark, raw: line.frame ?? '', message };
    if (rulings.list.length === 0) return frame;
    return { ...frame, receivedUs: rulings.receivedUs(line.tsRecv) };
  }

  /** Made anew only when the rule or the feed changes. */
  #of(span: ClockSpan, feed: string | null): NormaliseContext {
    if (this.#context === null || this.#context.feed !== feed || this.#contextRule !== span.rule) {
      this.#contextRule = span.rule;
      const rule = parseClockRule(span.rule);
      this.#context = { account: this.#account, feed, rule, replayed: this.#replayed };
    }
    return this.#context;
  }
}

const ended = (gap: Pick<GapNote['gap'], 'id' | 'outageId' | 'from' | 'evidence'>) => ({
  event: 'ended' as const,
  gap: { ...gap, cause: 'rejected' as const, openedUs: 0, missing: null },
});
