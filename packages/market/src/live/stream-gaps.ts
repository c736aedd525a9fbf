// Keeps the gaps and the coverage of every configured stream, by the table in `stream-transitions`. In: events of a stream with their
// reason. Out: gap events and coverage ranges. Once a gap's end is emitted it never moves; while a gap is open its start may still move
// back.

import {
  coverageEnd,
  earliest,
  endMarginMs,
  gapEnd,
  gapStart,
  latest,
  LEAST_MARGIN_MS,
  mayPrecede,
  widthUs,
  type Bound,
  type Instant,
} from './bound.ts';
import type { Timing } from './lateness.ts';
import { LEFT_OUT, type LedgerNotes } from './ledger-notes.ts';
import {
  type LedgerState,
  type LiveCause,
  newStream,
  type OpenGap,
  type StreamAccount,
} from './ledger-state.ts';
import { momentGapId } from '../tables/moment-gaps.ts';
import { type StreamKey, streamId } from '../tables/stream-key.ts';
import { STREAM_TRANSITIONS, type StreamAction, type StreamEvent } from './stream-transitions.ts';
import { KINDS } from '../tables/kinds.ts';
import { SETTLE_MS } from './tick-marker.ts';

const CLAIM_EVERY_US = 5_000_000;
const RANGE_US = 3_600_000_000;
const MOST_BACK_MS = 600_000;
const MOST_ASLEEP_MS = 4 * 86_400_000;
/** Left-out frames share a gap when they follow each other within this time: in a busy market, all of a connection. */
const TOGETHER_US = 2_000_000;
/** How long coverage may wait for such a gap to be recorded. */
const LONGEST_US = 10_000_000;

/** Why a gap opens, and since when data may be missing. */
export interface Loss {
  readonly cause: LiveCause;
  readonly evidence: string;
  /** A heartbeat at which nothing was missing yet, or the bound itself; default: the last clean heartbeat. Null: unknown. */
  readonly since?: Instant | Bound | null;
  /** Messages that are missing, of all streams together. */
  readonly missing?: number;
}

const NOT_CONFIGURED = { cause: 'not_subscribed', evidence: 'not configured any more' } as const;

export class StreamGaps {
  readonly #account: string;
  readonly #state: LedgerState;
  #notes: LedgerNotes = { gaps: [], coverage: [] };
  #tsRecv = 0;

  readonly #timing: (stream: StreamAccount) => Timing;

  /** `timing`: the present margin and delay of a stream's bounds. */
  constructor(account: string, state: LedgerState, timing: (stream: StreamAccount) => Timing) {
    this.#account = account;
    this.#state = state;
    this.#timing = timing;
  }

  /** Receive time of the current line, 0 before the first one. */
  get tsRecv(): number {
    return this.#tsRecv;
  }

  /** Makes a line the current one: its gap events and coverage go to `notes`. */
  turnTo(tsRecv: number, notes: LedgerNotes): void {
    this.#tsRecv = tsRecv;
    this.#notes = notes;
  }

  /** An event of a stream. A loss is needed where a gap may open. */
  happened(stream: StreamAccount, event: StreamEvent, loss: Loss | null = null): void {
    const { does, to } = STREAM_TRANSITIONS[stream.phase][event];
    if (to !== 'gone') stream.phase = to;
    if (does !== null) this.#do(does, stream, loss);
    if (to === 'down' || to === 'unsure') {
      stream.liveFrom = null;
      stream.proved = null;
    } else if (to === 'gone') this.#state.streams.delete(streamId(stream.key));
  }

  /** A stream that is configured from now on, with its gap open. */
  begin(key: StreamKey, loss: Loss): StreamAccount {
    const stream = this.#enter(key);
    this.#open(stream, loss);
    return stream;
  }

  /** A stream with a gap that a lost tape left open. */
  carryOn(key: StreamKey, gap: Pick<OpenGap, 'id' | 'outageId' | 'cause'>, fromUs: number): void {
    const stream = this.#enter(key);
    const { cause, id, outageId } = gap;
    const evidence = 'carried on from a lost tape';
    const from = { utcUs: fromUs };
    stream.gap = { id, outageId, cause, from, evidence, openedUs: this.#tsRecv, missing: null };
    this.#noteOpened(stream);
  }

  /**
   * Our clock was set: times measured by it so far are moved along. After a step back, receive times are made up for an unknown time;
   * minutes are assumed. A step forward may be no setting at all, because a machine that slept shows the same: up to a long weekend, it
   * counts as time that passed.
   */
  clockSet(byMs: number): void {
    if (byMs > 0 && byMs <= MOST_ASLEEP_MS) return;
    for (const { gap } of this.#state.streams.values())
      if (gap !== null && gap.from === null && gap.openedUs > 0)
        gap.openedUs += Math.max(byMs, -MOST_BACK_MS) * 1000;
  }

  /** The first clean heartbeat: gives a start to a gap that had none. */
  beginsBy(stream: StreamAccount, first: Instant): void {
    const { gap } = stream;
    if (gap === null || gap.from !== null) return;
    const [lateMs, waitedMs] = [startMs(this.#timing(stream)), this.#waitedMs(gap, first)];
    // A tick of a late symbol that came when the wait began is older than that moment by its lateness.
    gap.from = gapStart(first, lateMs > LEAST_MARGIN_MS ? lateMs + waitedMs : Math.max(lateMs, waitedMs));
    this.#noteOpened(stream);
  }

  /** The database lacks earlier notes: coverage starts over, and an open gap is emitted again. */
  tellAnew(stream: StreamAccount): void {
    stream.coveredFrom = null;
    stream.rangeId = null;
    this.#noteOpened(stream);
  }

  /** A frame was left out that may have been a tick. Outside a gap, left-out frames that follow each other soon get a gap of their own. */
  leaveOut(stream: StreamAccount, at: Instant): void {
    const { gap, leftOut } = stream;
    // A symbol may be delayed by more than is known of it yet: then its frames lie before the gap in which they come. So they may, too, where
    // the gap has no start yet: the first heartbeat gives it one, with what is known by then.
    const from = gap?.from ?? null;
    if (from !== null && !mayPrecede({ at, byMs: 0 }, from)) return;
    // A symbol that becomes delayed states times far before the latest ones: its frames get a gap of their own.
    // So do those of the second fold of an hour that the clock shows twice.
    const isSameFold = leftOut?.to.pass === at.pass;
    if (leftOut !== null && isSameFold && this.#apartUs(leftOut.to, at) < TOGETHER_US) {
      if (at.brokerMs < leftOut.from.brokerMs) leftOut.from = at;
      if (at.brokerMs > leftOut.to.brokerMs) leftOut.to = at;
      leftOut.count++;
      return;
    }
    this.#noteLeftOut(stream);
    stream.leftOut = { from: at, to: at, count: 1 };
  }

  /** By either clock, as coverage is claimed. */
  #apartUs(a: Instant, b: Instant): number {
    const oursUs = b.recvUs - a.recvUs;
    return this.#state.replayed ? oursUs : Math.max(oursUs, Math.abs(b.brokerMs - a.brokerMs) * 1000);
  }

  #noteLeftOut(stream: StreamAccount): void {
    const { key, leftOut } = stream;
    if (leftOut === null) return;
    stream.leftOut = null;
    const from = gapStart(leftOut.from, 0);
    const loss = { cause: 'not_subscribed', evidence: LEFT_OUT, missing: leftOut.count } as const;
    const { id, ...gap } = this.#newGap(stream, loss, from, leftOut.from.recvUs);
    // All left-out frames of a connection are one incident: there may be dozens in its first half minute.
    const { connUs } = this.#state;
    const outageId = connUs === 0 ? gap.outageId : `${this.#account}-${connUs.toString(36)}.out`;
    const told = { ...gap, id: momentGapId(id, 'out'), outageId, from };
    this.#notes.gaps.push({
      event: 'ended',
      tsRecv: this.#tsRecv,
      key,
      gap: told,
      to: gapEnd(leftOut.to, 0),
    });
  }

  #enter(key: StreamKey): StreamAccount {
    const stream = newStream(key);
    this.#state.streams.set(streamId(key), stream);
    return stream;
  }

  #do(action: StreamAction, stream: StreamAccount, loss: Loss | null): void {
    const { clean } = this.#state;
    switch (action) {
      case 'open':
        if (loss !== null) this.#open(stream, loss);
        break;
      case 'settle':
        stream.settlesAtUs = this.#tsRecv + SETTLE_MS * 1000;
        break;
      case 'end':
        if (clean !== null) this.#end(stream, clean);
        break;
      case 'claim':
        if (clean !== null) this.#goOn(stream, clean);
        break;
      case 'prove':
        stream.proved = clean;
        break;
      case 'close':
        this.#close(stream);
    }
  }

  #open(stream: StreamAccount, loss: Loss): void {
    const from = this.#sinceOf(stream, loss);
    if (stream.gap !== null) {
      this.#widen(stream, stream.gap, from, loss.missing);
      return;
    }
    this.#noteLeftOut(stream);
    stream.gap = this.#newGap(stream, loss, from);
    this.#noteOpened(stream);
    if (from !== null) this.#claim(stream, from);
    stream.coveredFrom = null;
    stream.rangeId = null;
  }

  #sinceOf(stream: StreamAccount, { since = this.#state.clean }: Loss): Bound | null {
    return since !== null && 'brokerMs' in since ? gapStart(since, startMs(this.#timing(stream))) : since;
  }

  /** Its id is made from the line that opens it. */
  #newGap(
    { key }: StreamAccount,
    { cause, evidence, missing }: Loss,
    from: Bound | null,
    lineUs = this.#tsRecv,
  ): OpenGap {
    const outageId = `${this.#account}-${lineUs.toString(36)}`;
    const name = [key.stream, key.symbol, key.timeframe].filter((part) => part !== null).join('.');
    return {
      id: `${outageId}-${name}`,
      outageId,
      cause,
      from,
      evidence,
      openedUs: this.#tsRecv,
      missing: missing ?? null,
    };
  }

  /** More is missing than was known when the gap was opened. */
  #widen(stream: StreamAccount, gap: OpenGap, since: Bound | null, missing: number | undefined): void {
    const earlier = since !== null && gap.from !== null && mayPrecede(since, gap.from);
    if (earlier) gap.from = earliest(gap.from as Bound, since);
    if (missing !== undefined) gap.missing = (gap.missing ?? 0) + missing;
    if (earlier || missing !== undefined) this.#noteOpened(stream);
  }

  #noteOpened({ gap, key }: StreamAccount): void {
    if (gap === null || gap.from === null) return;
    const note = { ...gap, from: gap.from };
    this.#notes.gaps.push({ event: 'opened', tsRecv: this.#tsRecv, key, gap: note, to: null });
  }

  #noteEnded({ gap, key }: StreamAccount, to: Bound): void {
    if (gap === null || gap.from === null) return;
    const note = { ...gap, from: gap.from };
    this.#notes.gaps.push({ event: 'ended', tsRecv: this.#tsRecv, key, gap: note, to });
  }

  #end(stream: StreamAccount, at: Instant): void {
    const timing = this.#timing(stream);
    const { delayMs, marginMs } = timing;
    const { gap } = stream;
    if (gap !== null) this.#beginEarlier(gap, at, timing);
    const to = gapEnd(at, endMarginMs(at, stream.settlesAtUs, marginMs) - delayMs);
    this.#noteEnded(stream, to);
    stream.gap = null;
    stream.proved ??= at;
    stream.liveFrom = to;
    this.#beginRange(stream, to);
  }

  /**
   * Moves a start back by what is known at the gap's end. The first ticks of a symbol may have been lost before any showed that it is late. And
   * an end known from the database may lie ahead of the gateway's clock: no gap ends before its start.
   */
  #beginEarlier(gap: OpenGap, end: Instant, timing: Timing): void {
    const lateMs = startMs(timing);
    const earlier = (from: Bound): Bound => {
      if ('earliest' in from) return { earliest: from.earliest.map(earlier) };
      if ('latest' in from) return { latest: from.latest.map(earlier) };
      if ('utcUs' in from) return earliest(from, gapStart(end, lateMs));
      if (lateMs <= LEAST_MARGIN_MS) return from;
      const waitedMs = this.#waitedMs(gap, from.at);
      const wasKnown = lateMs + waitedMs <= -from.byMs;
      return wasKnown ? from : gapStart(from.at, lateMs + Math.max(LEAST_MARGIN_MS, waitedMs));
    };
    if (gap.from !== null) gap.from = earlier(gap.from);
  }

  /** How long a gap was open before the heartbeat that gave it a start. */
  #waitedMs({ openedUs }: OpenGap, first: Instant): number {
    const measured = !this.#state.replayed && openedUs > 0;
    return measured ? Math.max(0, Math.ceil((first.recvUs - openedUs) / 1000)) : 0;
  }

  #close(stream: StreamAccount): void {
    // Inside an open gap, frames left out before its start have not been recorded yet.
    this.#noteLeftOut(stream);
    this.#open(stream, NOT_CONFIGURED);
    const gap = stream.gap as OpenGap;
    gap.from ??= { utcUs: gap.openedUs === 0 ? this.#tsRecv : gap.openedUs };
    this.#noteEnded(stream, latest(gap.from, this.#now(stream)));
  }

  /** The present, by the gateway's clock and ours: the later of the two. */
  #now(stream: StreamAccount): Bound {
    const { clean, replayed } = this.#state;
    const ours = { utcUs: this.#tsRecv };
    if (clean === null) return ours;
    if (replayed) return gapEnd(clean, this.#timing(stream).marginMs);
    return latest(gapEnd(clean, Math.ceil((this.#tsRecv - clean.recvUs) / 1000)), ours);
  }

  /** What was left out and is not told yet bounds what can be claimed: a tape may be lost before it is told. */
  #goOn(stream: StreamAccount, clean: Instant): void {
    const { leftOut } = stream;
    if (
      leftOut !== null &&
      (this.#apartUs(leftOut.to, clean) >= TOGETHER_US || this.#apartUs(leftOut.from, clean) >= LONGEST_US)
    )
      this.#noteLeftOut(stream);
    if (!this.#isDue(stream, clean)) return;
    const to = coverageEnd(clean, startMs(this.#timing(stream)));
    this.#claim(stream, stream.leftOut === null ? to : earliest(to, gapStart(stream.leftOut.from, 0)));
  }

  /** Due by either clock: while ours is behind the tape, receive times advance by only a microsecond a line. */
  #isDue({ claimedAtUs, claimedMs = null }: StreamAccount, clean: Instant): boolean {
    if (this.#tsRecv - claimedAtUs >= CLAIM_EVERY_US) return true;
    return (
      !this.#state.replayed && claimedMs !== null && (clean.brokerMs - claimedMs) * 1000 >= CLAIM_EVERY_US
    );
  }

  #claimed(stream: StreamAccount): void {
    stream.claimedAtUs = this.#tsRecv;
    stream.claimedMs = this.#state.clean?.brokerMs ?? null;
  }

  #beginRange(stream: StreamAccount, from: Bound): void {
    stream.coveredFrom = from;
    stream.rangeId = `${this.#account}-${this.#tsRecv.toString(36)}`;
    this.#claimed(stream);
    stream.rows = 0;
  }

  #claim(stream: StreamAccount, to: Bound): void {
    const { coveredFrom: from, rangeId, key } = stream;
    if (from === null || rangeId === null || !KINDS[key.stream].isCovered) return;
    this.#notes.coverage.push({ key, rangeId, from, to, rows: stream.rows });
    this.#claimed(stream);
    if (widthUs(from, to) >= RANGE_US) this.#beginRange(stream, to);
  }
}

/** How far before a heartbeat a tick may lie that arrived after it. */
const startMs = ({ delayMs, marginMs }: Timing): number => marginMs + delayMs;
