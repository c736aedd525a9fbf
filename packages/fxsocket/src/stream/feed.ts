// One account's topics as async iterables over its one socket. In: an address, a key; then whoever wants a topic reads it. Out: for each
// reader its own items in order (feed-items.ts). The socket is opened with the first reader, subscribed to what the readers want and no
// more, closed when the last one leaves, and never held up by a slow reader: that one loses its oldest items and is told so. Who must not
// lose any reads `FxStream`.

import { type Topic, topicOfFrame } from '../api/topics.ts';
import { badArgument, checkedAddress, checkedKey } from '../options.ts';
import type { WireTimeframe } from '../wire/market.ts';
import { FxStream, type FxStreamOptions } from './client.ts';
import type { FrameItem, SessionItem, StreamItem } from './events.ts';
import type { AnyFeedItem as AnyItem, DownReason, FeedItem, FeedMoment } from './feed-items.ts';
import { FeedReader } from './feed-reader.ts';
import type { StreamSnapshot } from './snapshot.ts';
import {
  checkedSubscription,
  normaliseSubscription,
  type Subscription,
  subscriptionKey,
  type WantedSubscription,
} from './subscription.ts';

export type FxFeedOptions = Omit<FxStreamOptions, 'subscriptions'>;

export interface ReadOptions {
  /** Ends the iteration; what waits is not handed out any more. */
  readonly signal?: AbortSignal;
  /** Items that wait for this reader, at most; default 10,000. */
  readonly capacity?: number;
}

export interface FeedSnapshot {
  /** Null while nobody reads. */
  readonly stream: StreamSnapshot | null;
  readonly readers: number;
  /** Frames that belong to no topic: of an unknown kind, or unreadable as a whole. */
  readonly strayFrames: number;
}

const CAPACITY = 10_000;

export class FxFeed {
  readonly #o: FxFeedOptions;
  readonly #readers = new Set<FeedReader>();
  /** By subscription key. */
  readonly #wanting = new Map<string, Set<FeedReader>>();
  readonly #live = new Set<string>();
  #stream: FxStream | null = null;
  /** The end of the stream that runs or is being closed: an account has one socket, so the next one waits for it. */
  #over: Promise<void> | null = null;
  /** Number of the last connection of the streams before this one. */
  #connsBefore = 0;
  #closed = false;
  #defect: { error: unknown } | null = null;
  #at: FeedMoment = { conn: 0, recvUs: 0 };
  #strayFrames = 0;

  /** @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: FxFeedOptions) {
    checkedAddress('url', options.url, { for: 'ws', allowHttp: options.allowHttp });
    checkedKey(options.apiKey);
    this.#o = options;
  }

  /** Ticks of one symbol or several. */
  prices(symbols: string | readonly string[], options?: ReadOptions) {
    const names = typeof symbols === 'string' ? [symbols] : symbols;
    const subs = names.map((symbol) => ({ topic: 'prices', symbol }) as const);
    return this.read(subs, options);
  }

  /** Bars as they close. */
  bars(symbol: string, timeframe: WireTimeframe, options?: ReadOptions) {
    return this.read([{ topic: 'bars', symbol, timeframe }], options);
  }

  account(options?: ReadOptions) {
    return this.read([{ topic: 'account' }], options);
  }

  positions(options?: ReadOptions) {
    return this.read([{ topic: 'positions' }], options);
  }

  trades(options?: ReadOptions) {
    return this.read([{ topic: 'trades' }], options);
  }

  terminal(options?: ReadOptions) {
    return this.read([{ topic: 'terminal' }], options);
  }

  /** One topic, also of several symbols. Subscribed from the first step of the iteration to its end. @throws FXSOCKET_BAD_ARGUMENT */
  read<T extends Topic>(
    subs: readonly (WantedSubscription & { readonly topic: T })[],
    options: ReadOptions = {},
  ) {
    const { capacity = CAPACITY, signal } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 1)
      throw badArgument(`capacity must be a whole number of at least 1, not ${capacity}`);
    if (subs.length === 0) throw badArgument('no symbol was given');
    for (const sub of subs) checkedSubscription(sub);
    return this.#iterate(new FeedReader(subs, capacity), signal) as AsyncGenerator<
      FeedItem<T>,
      void,
      undefined
    >;
  }

  state(): FeedSnapshot {
    const stream = this.#stream?.state() ?? null;
    return { stream, readers: this.#readers.size, strayFrames: this.#strayFrames };
  }

  /** Ends every reader, after what waits for it, and the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
    await this.#hangUp();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#iterate(
    reader: FeedReader,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<AnyItem, void, undefined> {
    if (this.#closed) throw badArgument('the feed is closed');
    if (this.#defect !== null) throw this.#defect.error;
    if (signal?.aborted === true) return;
    const abort = (): void => reader.abort();
    signal?.addEventListener('abort', abort);
    this.#join(reader);
    try {
      yield* reader;
    } finally {
      signal?.removeEventListener('abort', abort);
      await this.#leave(reader);
    }
  }

  #join(reader: FeedReader): void {
    this.#readers.add(reader);
    for (const [i, key] of reader.keys.entries()) {
      const wanting = this.#wanting.get(key) ?? new Set();
      this.#wanting.set(key, wanting.add(reader));
      if (this.#live.has(key)) reader.put(this.#liveItem(reader.subs[i] as WantedSubscription));
    }
    if (this.#stream !== null) this.#stream.setSubscriptions(this.#wanted());
    else if (this.#over === null) this.#connect();
    else void this.#over.then(() => this.#connect());
  }

  #connect(): void {
    if (this.#stream !== null || this.#readers.size === 0 || this.#closed) return;
    try {
      this.#stream = new FxStream({ ...this.#o, subscriptions: this.#wanted() });
      this.#over = this.#pump(this.#stream);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #hangUp(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    this.#live.clear();
    this.#connsBefore = this.#at.conn;
    await stream?.close();
    await this.#over;
  }

  async #leave(reader: FeedReader): Promise<void> {
    this.#readers.delete(reader);
    for (const key of reader.keys) {
      const wanting = this.#wanting.get(key);
      wanting?.delete(reader);
      if (wanting?.size === 0) this.#wanting.delete(key);
    }
    if (this.#readers.size === 0) await this.#hangUp();
    else this.#stream?.setSubscriptions(this.#wanted());
  }

  #wanted(): WantedSubscription[] {
    const byKey = new Map<string, WantedSubscription>();
    for (const reader of this.#readers)
      for (const [i, key] of reader.keys.entries()) byKey.set(key, reader.subs[i] as WantedSubscription);
    return [...byKey.values()];
  }

  async #pump(stream: FxStream): Promise<void> {
    try {
      for await (const batch of stream)
        for (const item of batch) if (stream === this.#stream) this.#take(item); // else nobody reads it any more
    } catch (error) {
      this.#fail(error);
    }
    this.#over = null;
  }

  /** Options that cannot work, or a defect of this package; whoever reads has to see it, and whoever begins to. */
  #fail(error: unknown): void {
    this.#defect = { error };
    for (const reader of this.#readers) reader.fail(error);
  }

  #take(item: StreamItem): void {
    this.#at = { conn: this.#connsBefore + item.conn, recvUs: item.recvUs };
    if (item.kind === 'frame') this.#frame(item);
    else this.#session(item.event);
  }

  #frame({ message, text }: FrameItem): void {
    const at = this.#at;
    switch (message.type) {
      case 'tick': {
        const { data, symbol } = message;
        this.#to({ topic: 'prices', symbol }, { kind: 'data', ...at, symbol, data });
        return;
      }
      case 'warning':
        for (const reader of this.#readers) reader.put({ kind: 'dropped', ...at, count: message.dropped });
        return;
      case 'undecodable': {
        const topic = topicOfFrame.get(message.wireType ?? '');
        if (topic === undefined) this.#strayFrames += 1;
        else this.#unreadable(topic, message.symbol, text, message.detail);
        return;
      }
      case 'unknown':
        this.#strayFrames += 1;
        return;
      default: {
        const topic = topicOfFrame.get(message.type);
        const sub = topic === undefined ? null : normaliseSubscription({ ...message, topic });
        if (sub === null || !('data' in message)) return;
        const { topic: _, ...names } = sub;
        this.#to(sub, { kind: 'data', ...at, ...names, data: message.data } as AnyItem);
      }
    }
  }

  /** To everybody whom it may concern: a frame whose symbol cannot be read may have been of any. */
  #unreadable(topic: Topic, symbol: string | null, text: string, reason: string): void {
    for (const reader of this.#readers) {
      const concerned = reader.subs.some(
        (sub) => sub.topic === topic && (symbol === null || !('symbol' in sub) || sub.symbol === symbol),
      );
      if (concerned) reader.put({ kind: 'unreadable', ...this.#at, text, reason });
    }
  }

  #session(event: SessionItem['event']): void {
    switch (event.type) {
      case 'subscribed': {
        const key = subscriptionKey(event.sub);
        if (this.#live.has(key)) return;
        this.#live.add(key);
        this.#to(event.sub, this.#liveItem(event.sub));
        return;
      }
      case 'subscribe_failed': {
        this.#live.delete(subscriptionKey(event.sub));
        const { symbol, timeframe } = event.sub;
        this.#to(event.sub, {
          kind: 'refused',
          ...this.#at,
          symbol: symbol ?? null,
          timeframe: timeframe ?? null,
          message: event.message,
        });
        return;
      }
      case 'unsubscribed':
        this.#lost(event.sub, 'subscribed again');
        return;
      case 'audit':
        for (const sub of event.missing) this.#lost(sub, 'the gateway had lost this subscription');
        return;
      case 'resubscribing':
        if (event.why === 'broker_back') this.#down('broker', 'the terminal had lost its broker connection');
        return;
      case 'heartbeat_lost':
        this.#down('silent', `no heartbeat for ${Math.round(event.silentMs)} ms`);
        return;
      case 'disconnected':
        this.#down('disconnected', event.reason, { code: event.code });
        return;
      case 'refused':
        this.#down('refused', event.reason, { status: event.status });
        return;
      case 'contended':
        this.#down('contended', "another program uses this account's socket");
    }
  }

  #liveItem({ symbol, timeframe }: Subscription): AnyItem {
    return { kind: 'live', ...this.#at, symbol: symbol ?? null, timeframe: timeframe ?? null };
  }

  #to(sub: Subscription, item: AnyItem): void {
    for (const reader of this.#wanting.get(subscriptionKey(sub)) ?? []) reader.put(item);
  }

  #lost(sub: Subscription, reason: string): void {
    if (!this.#live.delete(subscriptionKey(sub))) return;
    this.#to(sub, { kind: 'down', ...this.#at, why: 'unsubscribed', status: null, code: null, reason });
  }

  #down(why: DownReason, reason: string, more: { status?: number | null; code?: number | null } = {}): void {
    this.#live.clear();
    for (const reader of this.#readers)
      reader.put({ kind: 'down', ...this.#at, why, status: null, code: null, ...more, reason });
  }
}
