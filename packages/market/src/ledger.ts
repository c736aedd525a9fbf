// The account of gaps and live coverage, as a fold over the tape: line after line in, gap events and coverage claims
// out. It keeps nothing but its state (ledger-state), takes every time from the lines, and so says the same at the first
// reading and at any later one. Gaps take precedence over coverage; an end that was given out never moves.

import { brokerMsBetween, coverageEnd, endMarginMs, gapEnd, gapStart, LEAST_MARGIN_MS } from './bound.ts';
import type { LedgerLine, LedgerNotes } from './ledger-notes.ts';
import {
  type Bound,
  type Instant,
  type LedgerState,
  type LiveCause,
  newStream,
  type StreamAccount,
} from './ledger-state.ts';
import { kindOfMark, passOfMark } from './mark.ts';
import { type StreamKey, streamId, streamOfTopic, type TopicKey } from './stream-key.ts';
import type { ConfiguredStream, TapeEvent } from './tape-event.ts';
import { SETTLE_US } from './tick-marker.ts';
import { type BrokerTime, parseBrokerTime } from './time.ts';
import type { WireMessage } from './wire.ts';

const CLAIM_EVERY_US = 5_000_000;
const RANGE_MS = 3_600_000;
/** Coverage of bars and deals comes from history alone (design §4). */
const COVERED_LIVE = new Set(['ticks', 'positions', 'account']);
const STREAM_OF_FRAME: Record<string, string | undefined> = {
  tick: 'ticks',
  bar: 'bars',
  trade: 'deals',
  positions: 'positions',
  account: 'account',
};

export class Ledger {
  readonly state: LedgerState;
  readonly #account: string;
  #notes: LedgerNotes = { gaps: [], coverage: [] };
  #tsRecv = 0;
  #ticks = new Map<string, StreamAccount>();

  constructor(account: string, state: LedgerState) {
    this.#account = account;
    this.state = state;
    this.#indexTicks();
  }

  /** Receive time of the last line taken, 0 before the first one. */
  get lastTsRecv(): number {
    return this.#tsRecv;
  }

  /** The margin that widens bounds now: two seconds, or the largest lateness seen on this feed. */
  get marginMs(): number {
    return Math.max(LEAST_MARGIN_MS, this.state.latenessMs);
  }

  /** Takes one line, with its frame decoded; what follows from it is appended to `notes`. */
  apply(line: LedgerLine, message: WireMessage | null, notes: LedgerNotes): void {
    this.#notes = notes;
    this.#tsRecv = line.tsRecv;
    if (line.conn !== this.state.conn) this.#newConnection(line.conn);
    if (line.event !== null) this.#event({ event: line.event, data: line.data } as TapeEvent);
    else if (message !== null) this.#frame(message, line.mark);
  }

  /** A stretch of the tape could not be read: nothing is known from the last clean heartbeat to the next one. */
  damaged(tsRecv: number, evidence: string, notes: LedgerNotes): void {
    this.#notes = notes;
    this.#tsRecv = tsRecv;
    this.#openAll('tape_damaged', 'proving', evidence);
    for (const stream of this.state.streams.values()) stream.unsure = stream.phase === 'down';
  }

  /** Opens a gap on every stream that runs; a gap that is open already goes on, and waits for new proof. */
  #openAll(cause: LiveCause, phase: 'down' | 'proving', evidence: string): void {
    for (const stream of this.state.streams.values())
      this.#open(stream, cause, phase, evidence, this.state.clean);
  }

  #open(
    stream: StreamAccount,
    cause: LiveCause,
    phase: 'down' | 'proving',
    evidence: string,
    since: Instant | null,
  ): void {
    if (phase === 'down') stream.phase = 'down';
    else if (stream.phase === 'live') stream.phase = 'proving';
    stream.unsure = false;
    if (stream.gap !== null) return;
    const from = since === null ? null : gapStart(since, this.marginMs);
    const order = this.#tsRecv.toString(36);
    const name = [stream.key.stream, stream.key.symbol, stream.key.timeframe]
      .filter((part) => part !== null)
      .join('.');
    const outageId = `${this.#account}-${order}`;
    stream.gap = { id: `${outageId}-${name}`, outageId, cause, from, evidence };
    this.#openedNote(stream);
    if (from !== null) this.#claim(stream, from);
    stream.coveredFrom = null;
    stream.rangeId = null;
  }

  #openedNote(stream: StreamAccount): void {
    const gap = stream.gap;
    if (gap === null || gap.from === null) return;
    const note = { ...gap, from: gap.from };
    this.#notes.gaps.push({ event: 'opened', tsRecv: this.#tsRecv, key: stream.key, gap: note, to: null });
  }

  #end(stream: StreamAccount, at: Instant): void {
    const to = gapEnd(at, endMarginMs(at, stream.settlesAtUs, this.marginMs));
    const gap = stream.gap;
    if (gap !== null && gap.from !== null) {
      const note = { ...gap, from: gap.from };
      this.#notes.gaps.push({ event: 'ended', tsRecv: this.#tsRecv, key: stream.key, gap: note, to });
    }
    stream.gap = null;
    stream.phase = 'live';
    stream.proved = at;
    this.#beginRange(stream, to);
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
    const width = brokerMsBetween(from, to);
    if (width !== null && width <= 0) return;
    this.#notes.coverage.push({ key, rangeId, from, to, rows: stream.rows });
    stream.claimedAtUs = this.#tsRecv;
    if (width !== null && width >= RANGE_MS) this.#beginRange(stream, to);
  }

  #newConnection(conn: number): void {
    if (this.state.conn !== 0) this.#openAll('disconnect', 'down', 'the connection changed');
    this.state.conn = conn;
    this.state.newestServerMs = null;
    this.state.brokerUp = true;
  }

  #event({ event, data }: TapeEvent): void {
    switch (event) {
      case 'configured':
        this.state.feed = data.feed;
        this.state.replayed = data.replayed ?? false;
        this.#configure(data.streams);
        break;
      case 'start':
      case 'stop':
        this.#openAll('process_down', 'down', event === 'stop' ? 'stopped' : 'started');
        break;
      case 'disconnected':
      case 'refused':
        this.#openAll('disconnect', 'down', data.reason);
        break;
      case 'heartbeat_lost':
        this.#openAll('stalled', 'down', `no heartbeat for ${data.silentMs} ms`);
        break;
      case 'subscribed':
        this.#proving(data.sub);
        break;
      case 'subscribe_failed': {
        const stream = this.#find(data.sub);
        if (stream) this.#open(stream, 'not_subscribed', 'down', data.message, stream.proved);
        break;
      }
      case 'audit':
        this.#audit(data.missing);
        break;
      case 'condemned':
        this.#condemn(data);
        break;
      default:
        break;
    }
  }

  #configure(wanted: readonly ConfiguredStream[]): void {
    const ids = new Set(wanted.map(streamId));
    for (const [id, stream] of this.state.streams) {
      if (ids.has(id)) continue;
      if (this.state.clean !== null) this.#retire(stream, this.state.clean);
      this.state.streams.delete(id);
    }
    for (const { coveredToUs, openGap, stream, symbol, timeframe } of wanted) {
      const key = { stream, symbol, timeframe };
      if (this.state.streams.has(streamId(key))) continue;
      const begun = this.#begin(key);
      if (openGap) this.#carryOn(begun, openGap, coveredToUs ?? openGap.fromUs);
      else if (typeof coveredToUs === 'number') {
        this.#open(begun, 'process_down', 'down', 'no tape', null);
        this.#startAt(begun, { utcUs: coveredToUs });
      } else this.#open(begun, 'not_subscribed', 'down', 'newly configured', this.state.clean);
    }
    this.#indexTicks();
  }

  /** A gap that a lost tape left open. What lies between the last coverage and its start is as unknown as the rest. */
  #carryOn(
    stream: StreamAccount,
    { fromUs, ...gap }: NonNullable<ConfiguredStream['openGap']>,
    coveredToUs: number,
  ): void {
    const from = { utcUs: Math.min(fromUs, coveredToUs) };
    stream.gap = { ...gap, from, evidence: 'carried on from a lost tape' };
    this.#openedNote(stream);
  }

  #begin(key: StreamKey): StreamAccount {
    const stream = newStream(key);
    this.state.streams.set(streamId(key), stream);
    return stream;
  }

  #retire(stream: StreamAccount, at: Instant): void {
    if (stream.gap === null) this.#claim(stream, coverageEnd(at, this.marginMs));
    else this.#end(stream, at);
  }

  #startAt(stream: StreamAccount, from: Bound): void {
    if (stream.gap === null || stream.gap.from !== null) return;
    stream.gap.from = from;
    this.#openedNote(stream);
  }

  #find(topic: TopicKey): StreamAccount | null {
    const key = streamOfTopic(topic);
    return key === null ? null : (this.state.streams.get(streamId(key)) ?? null);
  }

  #proving(topic: TopicKey): void {
    const stream = this.#find(topic);
    if (stream === null || stream.phase !== 'down') return;
    stream.phase = 'proving';
    stream.unsure = false;
    stream.settlesAtUs = this.#tsRecv + SETTLE_US;
  }

  #audit(missing: readonly TopicKey[]): void {
    const absent = new Set<StreamAccount>();
    for (const topic of missing) {
      const stream = this.#find(topic);
      if (stream === null) continue;
      absent.add(stream);
      this.#open(stream, 'not_subscribed', 'down', 'the audit found it missing', stream.proved);
    }
    for (const stream of this.state.streams.values()) {
      if (absent.has(stream)) continue;
      if (stream.phase === 'live' && this.state.clean !== null) stream.proved = this.state.clean;
      else if (stream.phase === 'down' && stream.unsure) stream.phase = 'proving';
    }
  }

  #condemn(row: Extract<TapeEvent, { event: 'condemned' }>['data']): void {
    const outageId = `${this.#account}-${row.of.toString(36)}`;
    const gap = {
      id: `${outageId}-${row.key.stream}.condemned`,
      outageId,
      cause: 'rejected' as const,
      from: { utcUs: row.fromUs },
      evidence: row.reason,
    };
    const note = { tsRecv: this.#tsRecv, key: row.key, gap };
    this.#notes.gaps.push({ ...note, event: 'ended', to: { utcUs: row.toUs } });
  }

  #frame(message: WireMessage, mark: string | null): void {
    switch (message.type) {
      case 'tick':
        this.#tick(message.symbol, message.data.time, mark);
        break;
      case 'terminal':
        this.#heartbeat(message.data.connected, message.data.serverTime ?? null, mark);
        break;
      case 'warning':
        this.#openAll('server_dropped', 'proving', `the gateway dropped ${message.dropped}`);
        break;
      case 'bar':
        if (typeof message.data.time !== 'string' || parseBrokerTime(message.data.time) === null) {
          this.#unstorable('bars', message.symbol, message.timeframe, 'no readable open time');
        }
        break;
      case 'trade':
        if (parseBrokerTime(message.data.time) === null)
          this.#unstorable('deals', null, null, 'unreadable time');
        break;
      case 'undecodable':
        this.#unreadable(message);
        break;
      case 'account':
      case 'positions':
        if ('rejected' in message) this.#unstorable('positions', null, null, 'unreadable elements');
        this.#count(message.type);
        break;
      default:
        break;
    }
  }

  #tick(symbol: string, time: string, mark: string | null): void {
    const kind = kindOfMark(mark);
    const stream = this.#ticks.get(symbol);
    if (kind === null) {
      this.#unstorable('ticks', symbol, null, 'unreadable time');
      return;
    }
    if (kind === 'repeat') this.#repeated(time, mark);
    else if (stream !== undefined) stream.rows++;
    const newest = this.state.newestServerMs;
    const at = kind === 'live' && newest !== null ? parseBrokerTime(time) : null;
    if (at === null || newest === null) return;
    const late = newest - at.ms;
    if (late > this.state.latenessMs) this.state.latenessMs = late;
  }

  #repeated(time: string, mark: string | null): void {
    const { clean, firstRepeat, replayed } = this.state;
    if (clean !== null || !replayed) return;
    const at = parseBrokerTime(time);
    if (at === null || (firstRepeat !== null && firstRepeat.brokerMs <= at.ms)) return;
    this.state.firstRepeat = this.#instant(at, mark);
  }

  #instant({ ms, resolutionMs }: BrokerTime, mark: string | null): Instant {
    return { brokerMs: ms, resolutionMs, recvUs: this.#tsRecv, pass: passOfMark(mark) };
  }

  #count(stream: string): void {
    const found = this.state.streams.get(`${stream}||`);
    if (found !== undefined) found.rows++;
  }

  #unreadable(frame: Extract<WireMessage, { type: 'undecodable' }>): void {
    const stream = frame.wireType === null ? null : (STREAM_OF_FRAME[frame.wireType] ?? null);
    this.#unstorable(stream, frame.symbol, frame.timeframe, `${frame.reason}: ${frame.detail}`.slice(0, 200));
  }

  /** A frame was set aside: whatever stream it may have belonged to has a gap until the next clean heartbeat. */
  #unstorable(kind: string | null, symbol: string | null, timeframe: string | null, evidence: string): void {
    for (const stream of this.state.streams.values()) {
      const { key } = stream;
      if (kind !== null && key.stream !== kind) continue;
      if (kind !== null && symbol !== null && key.symbol !== null && key.symbol !== symbol) continue;
      if (kind !== null && timeframe !== null && key.timeframe !== null && key.timeframe !== timeframe)
        continue;
      this.#open(stream, 'rejected', 'proving', evidence, this.state.clean);
    }
  }

  #heartbeat(connected: boolean, serverTime: string | null, mark: string | null): void {
    const time = serverTime === null ? null : parseBrokerTime(serverTime);
    if (!connected) {
      this.#openAll('broker_disconnected', 'down', 'the terminal lost its broker');
      this.state.brokerUp = false;
      return;
    }
    if (!this.state.brokerUp) {
      for (const stream of this.state.streams.values()) stream.phase = 'down';
      this.state.brokerUp = true;
    }
    if (time === null) return;
    this.state.newestServerMs = Math.max(this.state.newestServerMs ?? 0, time.ms);
    if (kindOfMark(mark) !== 'clean') return;
    this.#cleanHeartbeat(this.#instant(time, mark));
  }

  #cleanHeartbeat(at: Instant): void {
    this.state.clean = at;
    const { firstRepeat } = this.state;
    const first = firstRepeat !== null && firstRepeat.brokerMs < at.brokerMs ? firstRepeat : at;
    this.state.firstRepeat = null;
    const start = gapStart(first, this.marginMs);
    const reach = coverageEnd(at, this.marginMs);
    for (const stream of this.state.streams.values()) {
      this.#startAt(stream, start);
      // Where the broker's clock runs at another pace than ours, no margin reaches over the marker's watch: it has to be over.
      const provable = !this.state.replayed || this.#tsRecv >= stream.settlesAtUs;
      if (stream.phase === 'proving' && provable) this.#end(stream, at);
      else if (stream.phase === 'live' && this.#tsRecv - stream.claimedAtUs >= CLAIM_EVERY_US)
        this.#claim(stream, reach);
    }
  }

  #indexTicks(): void {
    this.#ticks = new Map();
    for (const stream of this.state.streams.values()) {
      if (stream.key.stream === 'ticks' && stream.key.symbol !== null)
        this.#ticks.set(stream.key.symbol, stream);
    }
  }
}
