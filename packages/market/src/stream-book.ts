// The accounts of the configured streams: carries out what `stream-transitions` says, and writes down what follows. In: events of a stream
// with their reason. Out: gap events and claims of coverage. An end that was given out never moves; while a gap is open its beginning
// may still turn out to be earlier.

import {
  coverageEnd,
  earliest,
  endMarginMs,
  gapEnd,
  gapStart,
  latest,
  mayPrecede,
  widthUs,
} from './bound.ts';
import type { LedgerNotes } from './ledger-notes.ts';
import {
  type Bound,
  type Instant,
  type LedgerState,
  type LiveCause,
  newStream,
  type OpenGap,
  type StreamAccount,
} from './ledger-state.ts';
import { type StreamKey, streamId } from './stream-key.ts';
import { STREAM_TRANSITIONS, type StreamAction, type StreamEvent } from './stream-transitions.ts';
import { SETTLE_MS } from './tick-marker.ts';

const CLAIM_EVERY_US = 5_000_000;
const RANGE_US = 3_600_000_000;
/** Coverage of bars and deals comes from history alone (design §4). */
const COVERED_LIVE = new Set(['ticks', 'positions', 'account']);

/** Why a gap opens, and since when something may be missing; null: nobody knows yet. */
export interface Loss {
  readonly cause: LiveCause;
  readonly evidence: string;
  readonly since: Bound | null;
  /** Messages that are missing, of all streams together. */
  readonly missing?: number;
}

const NOT_CONFIGURED = { cause: 'not_subscribed', evidence: 'not configured any more', since: null } as const;

export class StreamBook {
  readonly #account: string;
  readonly #state: LedgerState;
  #notes: LedgerNotes = { gaps: [], coverage: [] };
  #tsRecv = 0;

  constructor(account: string, state: LedgerState) {
    this.#account = account;
    this.#state = state;
  }

  /** Receive time of the line in hand, 0 before the first one. */
  get tsRecv(): number {
    return this.#tsRecv;
  }

  /** A line is in hand: what follows from it goes to `notes`. */
  turnTo(tsRecv: number, notes: LedgerNotes): void {
    this.#tsRecv = tsRecv;
    this.#notes = notes;
  }

  /** The bound that trails the last clean heartbeat; null before there was one. */
  since(marginMs: number): Bound | null {
    const { clean } = this.#state;
    return clean === null ? null : gapStart(clean, marginMs);
  }

  /** An event of a stream. A loss is needed where a gap may open. */
  happened(stream: StreamAccount, event: StreamEvent, marginMs: number, loss: Loss | null = null): void {
    const { does, to } = STREAM_TRANSITIONS[stream.phase][event];
    if (to !== 'gone') stream.phase = to;
    if (does !== null) this.#do(does, stream, marginMs, loss);
    if (to === 'down' || to === 'unsure') {
      stream.liveFrom = null;
      stream.proved = null;
    } else if (to === 'gone') this.#state.streams.delete(streamId(stream.key));
  }

  /** A stream that is configured from now on, with its gap open. */
  begin(key: StreamKey, marginMs: number, loss: Loss): StreamAccount {
    const stream = this.#enter(key);
    this.#open(stream, marginMs, loss);
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

  /** The first clean heartbeat: a gap whose beginning nobody knew begins with its stream. */
  beginsBy(stream: StreamAccount, first: Instant, marginMs: number): void {
    const { gap } = stream;
    if (gap === null || gap.from !== null) return;
    const measured = !this.#state.replayed && gap.openedUs > 0;
    const waitedMs = measured ? Math.ceil((first.recvUs - gap.openedUs) / 1000) : 0;
    gap.from = gapStart(first, Math.max(marginMs, waitedMs));
    this.#noteOpened(stream);
  }

  /** One tick was left out, of which the moment is known: outside of a gap it has its own. */
  leftOut(stream: StreamAccount, at: Instant, evidence: string): void {
    if (stream.gap !== null) return;
    const from = gapStart(at, 0);
    const gap = {
      ...this.#newGap(stream, { cause: 'not_subscribed', evidence, since: from, missing: 1 }),
      from,
    };
    this.#notes.gaps.push({ event: 'ended', tsRecv: this.#tsRecv, key: stream.key, gap, to: gapEnd(at, 0) });
  }

  #enter(key: StreamKey): StreamAccount {
    const stream = newStream(key);
    this.#state.streams.set(streamId(key), stream);
    return stream;
  }

  #do(action: StreamAction, stream: StreamAccount, marginMs: number, loss: Loss | null): void {
    const { clean } = this.#state;
    switch (action) {
      case 'open':
        if (loss !== null) this.#open(stream, marginMs, loss);
        break;
      case 'settle':
        stream.settlesAtUs = this.#tsRecv + SETTLE_MS * 1000;
        break;
      case 'end':
        if (clean !== null) this.#end(stream, clean, marginMs);
        break;
      case 'claim':
        if (clean !== null && this.#tsRecv - stream.claimedAtUs >= CLAIM_EVERY_US)
          this.#claim(stream, coverageEnd(clean, marginMs));
        break;
      case 'prove':
        stream.proved = clean;
        break;
      case 'close':
        this.#close(stream, marginMs);
    }
  }

  #open(stream: StreamAccount, marginMs: number, loss: Loss): void {
    if (stream.gap !== null) {
      this.#widen(stream, stream.gap, loss);
      return;
    }
    stream.gap = this.#newGap(stream, loss);
    const { from } = stream.gap;
    this.#noteOpened(stream);
    if (from !== null) this.#claim(stream, from);
    stream.coveredFrom = null;
    stream.rangeId = null;
  }

  #newGap({ key }: StreamAccount, { cause, evidence, missing, since }: Loss): OpenGap {
    const outageId = `${this.#account}-${this.#tsRecv.toString(36)}`;
    const name = [key.stream, key.symbol, key.timeframe].filter((part) => part !== null).join('.');
    return {
      id: `${outageId}-${name}`,
      outageId,
      cause,
      from: since,
      evidence,
      openedUs: this.#tsRecv,
      missing: missing ?? null,
    };
  }

  /** More is missing than was known when the gap was opened. */
  #widen(stream: StreamAccount, gap: OpenGap, { missing, since }: Loss): void {
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

  #end(stream: StreamAccount, at: Instant, marginMs: number): void {
    const to = gapEnd(at, endMarginMs(at, stream.settlesAtUs, marginMs));
    this.#noteEnded(stream, to);
    stream.gap = null;
    stream.proved ??= at;
    stream.liveFrom = to;
    this.#beginRange(stream, to);
  }

  #close(stream: StreamAccount, marginMs: number): void {
    this.#open(stream, marginMs, { ...NOT_CONFIGURED, since: this.since(marginMs) });
    const gap = stream.gap as OpenGap;
    gap.from ??= { utcUs: gap.openedUs === 0 ? this.#tsRecv : gap.openedUs };
    this.#noteEnded(stream, latest(gap.from, this.#now(marginMs)));
  }

  /** This moment, by the gateway's clock and ours: not earlier than either says. */
  #now(marginMs: number): Bound {
    const { clean, replayed } = this.#state;
    const ours = { utcUs: this.#tsRecv };
    if (clean === null) return ours;
    if (replayed) return gapEnd(clean, marginMs);
    return latest(gapEnd(clean, Math.ceil((this.#tsRecv - clean.recvUs) / 1000)), ours);
  }

  #beginRange(stream: StreamAccount, from: Bound): void {
    stream.coveredFrom = from;
    stream.rangeId = `${this.#account}-${this.#tsRecv.toString(36)}`;
    stream.claimedAtUs = this.#tsRecv;
    stream.rows = 0;
  }

  #claim(stream: StreamAccount, to: Bound): void {
    const { coveredFrom: from, rangeId, key } = stream;
    if (from === null || rangeId === null || !COVERED_LIVE.has(key.stream)) return;
    this.#notes.coverage.push({ key, rangeId, from, to, rows: stream.rows });
    stream.claimedAtUs = this.#tsRecv;
    if (widthUs(from, to) >= RANGE_US) this.#beginRange(stream, to);
  }
}
