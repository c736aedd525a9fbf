// The gap ledger: a fold over the tape. In: line after line. Out: gap events and coverage claims. It takes every time from the lines and keeps
// only its state (ledger-state), so every reading of the tape gives the same result. Gaps take precedence over coverage, and the end of a
// gap never moves once it was given out.

import { connectionBegan, heartbeatCame, noLateness, tickCame, type Timing, timingOf } from './lateness.ts';
import type { LedgerLine, LedgerNotes } from './ledger-notes.ts';
import type { LedgerState, StreamAccount } from './ledger-state.ts';
import { foldOfMark, isMistimed, kindOfMark } from './mark.ts';
import { momentGapId } from '../tables/moment-gaps.ts';
import { countFrame, droppedSince } from './recent-frames.ts';
import { type Loss, StreamGaps } from './stream-gaps.ts';
import { streamId, streamOfTopic, type TopicKey } from '../tables/stream-key.ts';
import type { StreamEvent } from './stream-transitions.ts';
import { KINDS, STREAM_OF_FRAME } from '../tables/kinds.ts';
import type { TapeEvent } from './tape-event.ts';
import { TWIN_MS } from './tick-marker.ts';
import { statedTime, streamedTime } from './stated-time.ts';
import type { BrokerTime } from '../time/time.ts';
import type { WireMessage } from '../tables/wire.ts';
import type { Instant } from './bound.ts';

/** Longer than the marker waits for an equal tick, because the marker measures by another clock. */
const TWIN_US = 2000 * TWIN_MS;

export class Ledger {
  readonly state: LedgerState;
  readonly #account: string;
  readonly #gaps: StreamGaps;
  #notes: LedgerNotes = { gaps: [], coverage: [] };
  #ticks = new Map<string, StreamAccount>();

  constructor(account: string, state: LedgerState) {
    this.#account = account;
    this.state = state;
    this.#gaps = new StreamGaps(account, state, (stream) => this.#timing(stream));
    this.#indexTicks();
  }

  /** Receive time of the last line taken, 0 before the first one. */
  get lastTsRecv(): number {
    return this.#gaps.tsRecv;
  }

  /** All that a symbol sends comes as late as its ticks. */
  #timing({ key }: StreamAccount): Timing {
    const ticks = key.symbol === null ? undefined : this.#ticks.get(key.symbol);
    return timingOf(ticks?.lateness ?? null, this.state.serverMs, this.lastTsRecv);
  }

  /** Takes one line, with its frame decoded, and appends gap events and coverage to `notes`. */
  apply(line: LedgerLine, message: WireMessage | null, notes: LedgerNotes): void {
    this.#turnTo(line.tsRecv, notes);
    if (line.conn !== this.state.conn) this.#newConnection(line);
    if (line.event !== null) this.#event({ event: line.event, data: line.data } as TapeEvent);
    else if (message !== null) this.#frame(message, line.mark);
  }

  /** A stretch of the tape could not be read: a gap from the last clean heartbeat to the next one. */
  damaged(tsRecv: number, evidence: string, notes: LedgerNotes): void {
    this.state.unreadFromUs ??= this.state.clean?.recvUs ?? tsRecv;
    this.#turnTo(tsRecv, notes);
    this.#all('damaged', 'tape_damaged', evidence);
  }

  /** Ends the streams that a head behind damage no longer lists. Their rows belong to the feed before; `learn` sets the new one. */
  forget(head: LedgerState, tsRecv: number, notes: LedgerNotes): void {
    if (this.state.unreadFromUs === null) return;
    this.#turnTo(tsRecv, notes);
    const isOther = head.feed !== this.state.feed;
    for (const [id, stream] of this.state.streams)
      if (!head.streams.has(id) || (isOther && stream.key.symbol !== null))
        this.#gaps.happened(stream, 'retired');
  }

  /** Begins the streams that were configured in the unreadable part, according to the head behind it. */
  learn(head: LedgerState, tsRecv: number, notes: LedgerNotes): void {
    const { unreadFromUs } = this.state;
    if (unreadFromUs === null) return;
    this.#turnTo(tsRecv, notes);
    this.state.unreadFromUs = null;
    this.state.feed = head.feed;
    this.state.replayed = head.replayed;
    for (const [id, stream] of head.streams) {
      if (this.state.streams.has(id)) continue;
      this.state.streams.set(id, stream);
      this.#gaps.tellAnew(stream);
      this.#gaps.happened(stream, 'damaged', unread(unreadFromUs));
    }
    this.#indexTicks();
  }

  /** Rows begin with this line, for a database that has none of the lines before it. */
  tellAnew(tsRecv: number, notes: LedgerNotes): void {
    this.#turnTo(tsRecv, notes);
    for (const stream of this.state.streams.values()) this.#gaps.tellAnew(stream);
    this.#all('damaged', 'tape_damaged', 'the tape begins here for this database');
  }

  #turnTo(tsRecv: number, notes: LedgerNotes): void {
    this.#notes = notes;
    this.#gaps.turnTo(tsRecv, notes);
  }

  /** The same happens to every configured stream, since the last clean heartbeat. */
  #all(event: StreamEvent, cause: Loss['cause'], evidence: string): void {
    for (const stream of this.state.streams.values()) this.#gaps.happened(stream, event, { cause, evidence });
  }

  /** Its `connected` may be missing: then it stands in a stretch that could not be read, with the acknowledgements. */
  #newConnection({ conn, tsRecv }: LedgerLine): void {
    if (this.state.conn !== 0) this.#all('lost_unseen', 'disconnect', 'the connection changed');
    this.state.conn = conn;
    this.state.connUs = tsRecv;
    if (this.state.serverMs !== null) this.#measure(this.state.serverMs);
    for (const { lateness } of this.#ticks.values()) if (lateness !== null) connectionBegan(lateness);
    this.state.serverMs = null;
    this.state.brokerUp = true;
  }

  #event({ event, data }: TapeEvent): void {
    switch (event) {
      case 'configured':
        this.#configure(data);
        break;
      case 'start':
      case 'stop':
        this.#all('lost', 'process_down', event === 'stop' ? 'stopped' : 'started');
        break;
      case 'connected':
        this.#all('lost', 'disconnect', 'connected');
        break;
      case 'disconnected':
      case 'refused':
        this.#all('lost', 'disconnect', data.reason);
        break;
      case 'heartbeat_lost':
        this.#all('lost', 'stalled', `no heartbeat for ${data.silentMs} ms`);
        break;
      case 'subscribing':
      case 'subscribed': {
        const stream = this.#find(data.sub);
        if (stream !== null) this.#gaps.happened(stream, event === 'subscribing' ? 'asked' : 'acknowledged');
        break;
      }
      case 'subscribe_failed':
        this.#unlisted(this.#find(data.sub), data.message);
        break;
      case 'audit':
        this.#audit(data.missing);
        break;
      case 'clock_jump':
        if (data.of === 'machine') this.#gaps.clockSet(data.byMs);
        break;
      case 'condemned':
        this.#condemn(data);
        break;
      default:
        break;
    }
  }

  #configure(wanted: Extract<TapeEvent, { event: 'configured' }>['data']): void {
    const ids = new Set(wanted.streams.map(streamId));
    for (const [id, stream] of this.state.streams) if (!ids.has(id)) this.#gaps.happened(stream, 'retired');
    this.state.feed = wanted.feed;
    this.state.replayed = wanted.replayed ?? false;
    const { unreadFromUs } = this.state;
    this.state.unreadFromUs = null;
    for (const { coveredToUs, openGap, stream, symbol, timeframe } of wanted.streams) {
      const key = { stream, symbol, timeframe };
      if (this.state.streams.has(streamId(key))) continue;
      // What lies between the last coverage and the beginning of an open gap is as unknown as the rest.
      if (openGap) this.#gaps.carryOn(key, openGap, Math.min(openGap.fromUs, coveredToUs ?? openGap.fromUs));
      else this.#gaps.begin(key, beginning(coveredToUs ?? null, unreadFromUs));
    }
    this.#indexTicks();
  }

  #find(topic: TopicKey): StreamAccount | null {
    const key = streamOfTopic(topic);
    return key === null ? null : (this.state.streams.get(streamId(key)) ?? null);
  }

  /** The gateway does not have the subscription, and may not have had it since it was last proved. */
  #unlisted(stream: StreamAccount | null, evidence: string): void {
    if (stream === null) return;
    const since = stream.proved ?? this.state.clean;
    this.#gaps.happened(stream, 'lost', { cause: 'not_subscribed', evidence, since });
  }

  #audit(missing: readonly TopicKey[]): void {
    const absent = new Set(missing.map((topic) => this.#find(topic)));
    for (const stream of absent) this.#unlisted(stream, 'the audit found it missing');
    for (const stream of this.state.streams.values())
      if (!absent.has(stream)) this.#gaps.happened(stream, 'listed');
  }

  #condemn(row: Extract<TapeEvent, { event: 'condemned' }>['data']): void {
    const outageId = `${this.#account}-${row.of.toString(36)}`;
    const gap = {
      id: momentGapId(`${outageId}-${row.key.stream}`, 'condemned'),
      outageId,
      cause: 'rejected' as const,
      from: { utcUs: row.fromUs },
      evidence: row.reason,
      openedUs: this.lastTsRecv,
      missing: null,
    };
    const note = { tsRecv: this.lastTsRecv, key: row.key, gap, feed: row.feed };
    this.#notes.gaps.push({ ...note, event: 'ended', to: { utcUs: row.toUs } });
  }

  #frame(message: WireMessage, mark: string | null): void {
    switch (message.type) {
      case 'tick':
        countFrame(this.state, this.lastTsRecv);
        this.#tick(message, mark);
        break;
      case 'terminal':
        this.#heartbeat(message, mark);
        break;
      case 'warning':
        this.#dropped(message.dropped);
        break;
      case 'undecodable':
        this.#unreadable(message);
        break;
      default:
        this.#streamed(message);
    }
  }

  /** A frame of any other kind, by its row in `KINDS`. */
  #streamed(message: WireMessage): void {
    const stream = STREAM_OF_FRAME.get(message.type);
    if (stream === undefined) return;
    const { clock, isCovered } = KINDS[stream];
    const symbol = 'symbol' in message ? message.symbol : null;
    const timeframe = 'timeframe' in message ? message.timeframe : null;
    countFrame(this.state, this.lastTsRecv);
    if (clock === 'ts' && streamedTime(message) === null)
      this.#unstorable(stream, symbol, timeframe, stream === 'bars' ? 'no known open time' : 'no known time');
    if ('rejected' in message) this.#unstorable(stream, symbol, timeframe, 'unreadable elements');
    const found = isCovered ? this.state.streams.get(streamId({ stream, symbol, timeframe })) : undefined;
    if (found !== undefined) found.rows++;
  }

  #dropped(dropped: number): void {
    const { lastTsRecv: tsRecv, state } = this;
    const evidence = `the gateway dropped ${dropped}`;
    for (const stream of state.streams.values()) {
      const { delayMs, marginMs } = this.#timing(stream);
      const since = droppedSince(state, stream, { tsRecv, dropped, startMs: marginMs + delayMs });
      this.#gaps.happened(stream, 'doubted', { cause: 'server_dropped', evidence, since, missing: dropped });
    }
  }

  #tick(message: Extract<WireMessage, { type: 'tick' }>, mark: string | null): void {
    const { symbol } = message;
    const kind = kindOfMark(mark);
    const at = kind === null ? null : streamedTime(message);
    if (at === null) {
      // A readable time is judged by the guard where it can, which then records the gap.
      const isGuarded = kind !== null && !this.state.replayed && !isMistimed(mark);
      if (kind !== 'repeat' && !isGuarded) this.#unstorable('ticks', symbol, null, 'no known time');
      return;
    }
    const stream = this.#ticks.get(symbol);
    if (kind === 'repeat') this.#repeated(at, mark, stream);
    else if (stream !== undefined) {
      stream.rows++;
      stream.tickMs = at.ms;
      stream.tickUs = this.lastTsRecv;
    }
    // A replayed market may run hours between two heartbeats.
    const isMeasured = !this.state.replayed || this.state.serverMs !== null;
    if (kind === 'live' && stream !== undefined && isMeasured)
      tickCame((stream.lateness ??= noLateness()), at.ms, this.state.serverMs, this.lastTsRecv);
  }

  #repeated(at: BrokerTime, mark: string | null, stream: StreamAccount | undefined): void {
    const { clean, firstRepeat, replayed } = this.state;
    // A late snapshot, or a genuine tick equal to the one before: they look the same, and the frame was left out.
    if (stream?.tickMs === at.ms && this.lastTsRecv - stream.tickUs < TWIN_US)
      this.#gaps.leaveOut(stream, this.#instant(at, mark));
    if (clean !== null || !replayed || (firstRepeat !== null && firstRepeat.brokerMs <= at.ms)) return;
    this.state.firstRepeat = this.#instant(at, mark);
  }

  #instant({ ms, resolutionMs }: BrokerTime, mark: string | null): Instant {
    return { brokerMs: ms, resolutionMs, recvUs: this.lastTsRecv, pass: foldOfMark(mark) };
  }

  #unreadable(frame: Extract<WireMessage, { type: 'undecodable' }>): void {
    const stream = frame.wireType === null ? null : (STREAM_OF_FRAME.get(frame.wireType) ?? null);
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
      this.#gaps.happened(stream, 'doubted', { cause: 'rejected', evidence });
    }
  }

  #heartbeat(message: Extract<WireMessage, { type: 'terminal' }>, mark: string | null): void {
    const time = statedTime(message);
    if (!message.data.connected) {
      this.#all('lost', 'broker_disconnected', 'the terminal lost its broker');
      this.state.brokerUp = false;
      return;
    }
    // What was acknowledged while the broker was away proves nothing.
    if (!this.state.brokerUp) this.#all('lost', 'broker_disconnected', 'the broker came back');
    this.state.brokerUp = true;
    if (time === null) return;
    this.#measure(Math.min(this.state.serverMs ?? time.ms, time.ms));
    this.state.serverMs = time.ms;
    if (kindOfMark(mark) !== 'clean') return;
    this.#cleanHeartbeat(this.#instant(time, mark));
  }

  /** How late the ticks were that came since the last heartbeat. */
  #measure(serverMs: number): void {
    for (const { lateness } of this.#ticks.values())
      if (lateness !== null) heartbeatCame(lateness, serverMs, this.lastTsRecv);
  }

  #cleanHeartbeat(at: Instant): void {
    this.state.clean = at;
    const { firstRepeat } = this.state;
    const first = firstRepeat !== null && firstRepeat.brokerMs < at.brokerMs ? firstRepeat : at;
    this.state.firstRepeat = null;
    for (const stream of this.state.streams.values()) {
      this.#gaps.beginsBy(stream, first);
      // Where the broker's clock runs at another pace than ours, no margin reaches over the marker's watch: it has to be over.
      if (!this.state.replayed || this.lastTsRecv >= stream.settlesAtUs)
        this.#gaps.happened(stream, 'heartbeat');
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

const beginning = (coveredToUs: number | null, unreadFromUs: number | null): Loss => {
  if (coveredToUs !== null)
    return { cause: 'process_down', evidence: 'no tape', since: { utcUs: coveredToUs } };
  return unreadFromUs === null
    ? { cause: 'not_subscribed', evidence: 'newly configured' }
    : unread(unreadFromUs);
};

const unread = (sinceUs: number): Loss => ({
  cause: 'tape_damaged',
  evidence: 'what was configured could not be read',
  since: { utcUs: sinceUs },
});
