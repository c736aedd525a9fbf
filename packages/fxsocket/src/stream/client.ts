// The stream of one account. In: an address, a key, subscriptions. Out: batches of frames and session events, in the order in which they
// happened. It owns the socket and the timers and carries out what the session decides. Buffers are bounded: while the consumer is slow,
// nothing is read from the socket.

import type { Agent, IncomingMessage } from 'node:http';
import { type RawData, WebSocket } from 'ws';
import { FxSocketError } from '../errors.ts';
import { checkedAddress, checkedKey, checkedNumber, type TlsOptions } from '../options.ts';
import { redactor, type Redact } from '../redact.ts';
import { explainBody, readStart, retryAfterMs } from '../refusal.ts';
import { USER_AGENT } from '../version.ts';
import { type StreamClock, systemStreamClock } from './clock.ts';
import { decodeFrame, frameItem, type ReceivedFrame, readFrame } from './codec.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent, StreamItem } from './events.ts';
import { defaultLimits, type StreamLimits } from './limits.ts';
import { Session, type SessionInput } from './session.ts';
import type { StreamSnapshot } from './snapshot.ts';
import { checkedSubscription, type WantedSubscription } from './subscription.ts';

export interface FxStreamOptions extends TlsOptions {
  /** `ws_url` of the account, without the key. */
  readonly url: string;
  readonly apiKey: string;
  readonly subscriptions: readonly WantedSubscription[];
  /** For proxies. */
  readonly agent?: Agent;
  /** For tests; default: the clocks of the machine. */
  readonly clock?: StreamClock;
  /** [0, 1), for the delays between attempts. */
  readonly random?: () => number;
  readonly limits?: Partial<StreamLimits>;
  /** Delay of the first attempt, ms, so that many accounts do not connect at once. */
  readonly startDelayMs?: number;
}

/** The assumed size of an item without its text, bytes. */
const ITEM_BYTES = 64;
/** The longest reason of a close frame (RFC 6455, section 5.5). */
const MAX_REASON_BYTES = 123;
/** Frames with free text, which may quote the key. Data frames are not searched. */
const mayQuote = new Set(['error', 'subscribed', 'unsubscribed', 'unknown', 'undecodable']);

export class FxStream implements AsyncIterable<StreamItem[]> {
  readonly #o: FxStreamOptions;
  readonly #address: string;
  readonly #limits: StreamLimits;
  readonly #clock: StreamClock;
  readonly #redact: Redact;
  readonly #session: Session;
  #socket: WebSocket | null = null;
  #timer: unknown = null;
  #timerAt: number | null = null;
  #items: StreamItem[] = [];
  #bytes = 0;
  #flushPlanned = false;
  #ready = false;
  #ended = false;
  #defect: { error: unknown } | null = null;
  #readingPaused = false;
  #congestedUntilMs = Number.NEGATIVE_INFINITY;
  #lastFrameMs: number | null = null;
  #turn: { recvUs: number; monoMs: number } | null = null;
  #sinceUs: number;
  #phase = '';
  #wake: () => void = () => {};
  readonly #over: Promise<void>;
  #end: () => void = () => {};

  /** @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: FxStreamOptions) {
    this.#o = options;
    const url = checkedAddress('url', options.url, { for: 'ws', allowHttp: options.allowHttp });
    url.searchParams.set('api_key', checkedKey(options.apiKey));
    this.#address = url.href;
    this.#limits = limitsOf(options.limits);
    this.#clock = options.clock ?? systemStreamClock;
    this.#redact = redactor(options.apiKey);
    this.#sinceUs = this.#clock.nowUs();
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
    const subscriptions = options.subscriptions.map(checkedSubscription);
    const random = options.random ?? Math.random;
    this.#session = new Session({ subscriptions, limits: this.#limits, random });
    this.#input({ type: 'start', delayMs: checkedNumber('startDelayMs', options.startDelayMs ?? 0) });
  }

  /**
   * Non-empty batches, one per turn of the event loop, for one consumer. Ends after `close`; leaving the loop closes the stream.
   * @throws FXSOCKET_DEFECT
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamItem[], void, undefined> {
    try {
      yield* this.#batches();
    } finally {
      await this.close();
    }
  }

  async *#batches(): AsyncGenerator<StreamItem[], void, undefined> {
    for (;;) {
      if (this.#items.length > 0 && (this.#ready || this.#ended)) {
        const batch = this.#items;
        this.#items = [];
        this.#bytes = 0;
        this.#ready = false;
        this.#flow();
        yield batch;
        continue;
      }
      if (this.#defect !== null) throw this.#defect.error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Replaces the subscriptions; the running connection subscribes and unsubscribes the difference. @throws FXSOCKET_BAD_ARGUMENT */
  setSubscriptions(subscriptions: readonly WantedSubscription[]): void {
    this.#input({ type: 'want', subscriptions: subscriptions.map(checkedSubscription) });
  }

  /** Closes the socket until `resumeIntake`. `reason` appears in `state()` and in the session events. */
  pauseIntake(reason: string): void {
    this.#input({ type: 'pause_intake', reason });
  }

  resumeIntake(): void {
    this.#input({ type: 'resume_intake' });
  }

  /** A snapshot for display; it contains neither key nor address. */
  state(): StreamSnapshot {
    const monoMs = this.#clock.monoMs();
    return {
      ...this.#session.snapshot(monoMs),
      sinceUs: this.#sinceUs,
      lastFrameAgoMs: this.#lastFrameMs === null ? null : monoMs - this.#lastFrameMs,
      buffered: { items: this.#items.length, bytes: this.#bytes },
      readingPaused: this.#readingPaused,
    };
  }

  /** Ends the connection with a closing handshake. Resolves when no further item will come. */
  async close(): Promise<void> {
    this.#input({ type: 'close' });
    await this.#over;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Inputs come from timers and from the socket, where an exception would end the process; here it ends only this stream. */
  #input(input: SessionInput): void {
    this.#guarded(() => {
      for (const effect of this.#session.handle(input, this.#clock.monoMs())) this.#carryOut(effect);
      this.#plan();
    });
  }

  #guarded(work: () => void): void {
    if (this.#defect !== null) return;
    try {
      work();
    } catch (error) {
      this.#defect = { error: this.#told(error) };
      if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
      this.#socket?.terminate();
      this.#finish();
    }
  }

  /** The error that the consumer gets. Messages of other packages may quote the address, which contains the key. */
  #told(error: unknown): unknown {
    if (error instanceof FxSocketError) return error;
    const { name, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const message = `the stream ended because of a defect: ${this.#redact(String(error))}`;
    return new FxSocketError({
      code: 'FXSOCKET_DEFECT',
      message,
      context: { name, stack: this.#redact(stack) },
    });
  }

  #finish(): void {
    this.#ended = true;
    this.#wake();
    this.#end();
  }

  #plan(): void {
    const at = this.#ended ? null : this.#session.wakeAt();
    if (at === this.#timerAt) return;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer =
      at === null
        ? null
        : this.#clock.setTimeout(() => this.#tick(at), Math.max(0, at - this.#clock.monoMs()));
  }

  #tick(plannedMs: number): void {
    this.#timer = null;
    this.#timerAt = null;
    // This process was blocked: frames may have waited as long as the timer was late.
    if (this.#clock.monoMs() - plannedMs > this.#limits.lateTimerMs) this.#congested();
    this.#input({ type: 'tick' });
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'emit':
        this.#emit(effect.event);
        break;
      case 'connect':
        this.#connect();
        break;
      case 'send':
        this.#socket?.send(effect.text);
        break;
      case 'ping':
        this.#socket?.ping();
        break;
      case 'close':
        this.#socket?.close(effect.code, short(effect.reason));
        this.#socket?.resume();
        break;
      case 'terminate':
        this.#socket?.terminate();
        break;
      case 'end':
        this.#finish();
        break;
    }
  }

  #connect(): void {
    const { agent, ca, tlsVerify } = this.#o;
    const socket = new WebSocket(this.#address, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      maxPayload: this.#limits.maxFrameBytes,
      rejectUnauthorized: tlsVerify !== false,
      headers: { 'user-agent': USER_AGENT },
      ...(ca === undefined ? {} : { ca: [ca].flat() }),
      ...(agent === undefined ? {} : { agent }),
    });
    this.#socket = socket;
    this.#readingPaused = false;
    let opened = false;
    let done = false;
    let failure: string | null = null;
    const refused = (status: number | null, reason: string, waitMs: number | null): void => {
      if (done) return;
      done = true;
      this.#input({ type: 'refused', status, reason: this.#redact(reason), retryAfterMs: waitMs });
    };
    socket.once('open', () => {
      opened = true;
      this.#input({ type: 'opened' });
    });
    socket.on('message', (data: RawData, isBinary: boolean) =>
      this.#guarded(() => this.#message(data as Buffer, isBinary)),
    );
    socket.on('pong', () => this.#session.heard(this.#clock.monoMs()));
    socket.on('ping', () => this.#session.heard(this.#clock.monoMs()));
    socket.on('error', (error) => {
      failure =
        error.message === '' ? String((error as NodeJS.ErrnoException).code ?? error.name) : error.message;
    });
    socket.once('unexpected-response', (_request, response) => {
      void readRefusal(response).then((body) =>
        this.#guarded(() => {
          const { text } = explainBody(this.#redact(body));
          const status = response.statusCode ?? null;
          const reason = text === '' ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
          refused(status, reason, retryAfterMs(response.headers['retry-after'], this.#clock.nowUs() / 1000));
          socket.terminate();
        }),
      );
    });
    socket.once('close', (code, reason) => {
      if (this.#socket === socket) this.#socket = null;
      if (!opened) {
        refused(null, failure ?? 'the connection ended before it was open', null);
        return;
      }
      const said = reason.toString();
      const why = said !== '' ? said : (failure ?? `closed with code ${code}`);
      this.#input({ type: 'closed', code: code === 1006 ? null : code, reason: this.#redact(why) });
    });
  }

  #message(data: Buffer, isBinary: boolean): void {
    const { monoMs, recvUs } = this.#now();
    const frame = this.#keyless(readFrame(data, isBinary));
    this.#lastFrameMs = monoMs;
    this.#session.heard(monoMs);
    const congested = this.#readingPaused || monoMs < this.#congestedUntilMs;
    const received = { conn: this.#session.conn, recvUs, monoMs, congested };
    this.#push(frameItem(received, frame), data.length);
    this.#input({ type: 'frame', message: frame.message });
  }

  /** Removes the key from a frame: a gateway may quote our address in an error. */
  #keyless(frame: ReceivedFrame): ReceivedFrame {
    if (frame.binary) {
      const bytes = Buffer.from(frame.text, 'base64').toString('latin1');
      const clean = this.#redact(bytes);
      return clean === bytes ? frame : { ...frame, text: Buffer.from(clean, 'latin1').toString('base64') };
    }
    if (!mayQuote.has(frame.message.type)) return frame;
    const text = this.#redact(frame.text);
    return text === frame.text ? frame : { ...frame, text, message: decodeFrame(text) };
  }

  #emit(event: SessionEvent): void {
    this.#push({ kind: 'session', conn: this.#session.conn, ...this.#now(), event }, 0);
  }

  #push(item: StreamItem, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes + ITEM_BYTES;
    if (item.kind === 'session') this.#notePhase(item.monoMs, item.recvUs);
    if (!this.#flushPlanned) {
      this.#flushPlanned = true;
      setImmediate(() => {
        this.#flushPlanned = false;
        this.#turn = null;
        this.#ready = true;
        this.#wake();
      });
    }
    this.#flow();
  }

  #notePhase(monoMs: number, recvUs: number): void {
    const { phase } = this.#session.snapshot(monoMs);
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#sinceUs = recvUs;
  }

  /** All items of one turn of the event loop share their receive time. */
  #now(): { recvUs: number; monoMs: number } {
    this.#turn ??= { recvUs: this.#clock.nowUs(), monoMs: this.#clock.monoMs() };
    return this.#turn;
  }

  #flow(): void {
    const { highBytes, highItems, lowBytes, lowItems } = this.#limits;
    if (!this.#readingPaused && (this.#items.length > highItems || this.#bytes > highBytes)) {
      this.#readingPaused = true;
      this.#socket?.pause();
      this.#input({ type: 'flow', paused: true });
    } else if (this.#readingPaused && this.#items.length <= lowItems && this.#bytes <= lowBytes) {
      this.#readingPaused = false;
      this.#congested();
      this.#socket?.resume();
      this.#input({ type: 'flow', paused: false });
    }
  }

  #congested(): void {
    this.#congestedUntilMs = this.#clock.monoMs() + this.#limits.congestedHoldMs;
  }
}

const short = (reason: string): string => {
  let text = reason.slice(0, MAX_REASON_BYTES);
  while (Buffer.byteLength(text) > MAX_REASON_BYTES) text = text.slice(0, -1);
  return text;
};

function limitsOf(given: Partial<StreamLimits> = {}): StreamLimits {
  const limits = { ...defaultLimits };
  for (const name of Object.keys(defaultLimits) as (keyof StreamLimits)[])
    if (given[name] !== undefined) limits[name] = checkedNumber(`limits.${name}`, given[name]);
  return limits;
}

/** The text of a refused upgrade; an unreadable one is described instead. */
const readRefusal = (response: IncomingMessage): Promise<string> =>
  readStart(response).catch((error: Error) => `the answer was cut off (${error.message})`);
