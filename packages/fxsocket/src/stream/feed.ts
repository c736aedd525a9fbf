// The topics of one account as async iterables over its one socket. In: an address and a key. Out: for each reader its items in order
// (feed-items.ts). The socket opens with the first reader, subscribes only to what the readers want, and closes when the last one leaves. A
// slow reader never delays the others: it loses its oldest items and is told how many. A consumer that must not lose any reads `FxStream`.

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
  /** Ends the iteration; buffered items are dropped. */
  readonly signal?: AbortSignal;
  /** Buffer size, items; default 10,000. */
  readonly capacity?: number;
}

export interface FeedSnapshot {
  /** Null while nobody reads. */
  readonly stream: StreamSnapshot | null;
  readonly readers: number;
  /** Frames that belong to no topic: of an unknown kind, or entirely unreadable. */
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
  /** Resolves when the current stream has ended. An account has one socket, so the next stream waits for it. */
  #over: Promise<void> | null = null;
  /** Number of connections of earlier streams. */
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

  /** Ticks of one or more symbols. @throws FXSOCKET_BAD_ARGUMENT */
  prices(symbols: string | readonly string[], options?: ReadOptions) {
    const names = typeof symbols === 'string' ? [symbols] : symbols;
    const subs = names.map((symbol) => ({ topic: 'prices', symbol }) as const);
    return this.read(subs, options);
  }

  /** Bars as they close; `time` is the bar's open. @throws FXSOCKET_BAD_ARGUMENT */
  bars(symbol: string, timeframe: WireTimeframe, options?: ReadOptions) {
    return this.read([{ topic: 'bars', symbol, timeframe }], options);
  }

  /** Balance, equity and margin, in the account's currency. @throws FXSOCKET_BAD_ARGUMENT */
  account(options?: ReadOptions) {
    return this.read([{ topic: 'account' }], options);
  }

  /** Each item lists all open positions and pending orders. @throws FXSOCKET_BAD_ARGUMENT */
  positions(options?: ReadOptions) {
    return this.read([{ topic: 'positions' }], options);
  }

  /** Deals as they are executed. @throws FXSOCKET_BAD_ARGUMENT */
  trades(options?: ReadOptions) {
    return this.read([{ topic: 'trades' }], options);
  }

  /** The heartbeat, about once a second. @throws FXSOCKET_BAD_ARGUMENT */
  terminal(options?: ReadOptions) {
    return this.read([{ topic: 'terminal' }], options);
  }

  /** Subscriptions of one topic. They last from the first step of the iteration to its end. @throws FXSOCKET_BAD_ARGUMENT */
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

  /** A snapshot for display; it contains neither key nor address. */
  state(): FeedSnapshot {
    const stream = this.#stream?.state() ?? null;
    return { stream, readers: this.#readers.size, strayFrames: this.#strayFrames };
  }

  /** Ends the connection and every reader after its buffered items. */
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
        for (const item of batch) if (stream === this.#stream) this.#take(item); // a replaced stream has no readers
    } catch (error) {
      this.#fail(error);
    }
    this.#over = null;
  }

  /** Invalid options or a defect of this package: current and later readers get the error. */
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

  /** For every reader that may be affected: a frame whose symbol cannot be read may have been for any symbol. */
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
