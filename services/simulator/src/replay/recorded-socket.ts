// The socket of a replay's client: answers its requests and knows its subscriptions. In: the upgraded socket, and what was recorded. Out:
// frames of subscribed topics; what was not recorded is refused with the gateway's error.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { isSendable } from '../socket/connection.ts';
import { acknowledged, refused, subscriptionList } from '../socket/messages.ts';
import { parseRequest, type SocketRequest, type Subscription } from '../socket/request.ts';
import { Subscriptions } from '../socket/subscriptions.ts';
import { FrameWriter } from './frame-writer.ts';
import type { RecordedStreams } from './recording.ts';
import type { Sight } from './sight.ts';

const NOT_RECORDED = 'not recorded';
/** The code of the close frame where the recorded socket ended without a code that may be sent. */
const GOING_AWAY = 1001;

export interface RecordedSocketOptions {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly streams: RecordedStreams;
  readonly indexOf: (symbol: string) => number;
  /** Called when it subscribes to something that was recorded, even again. */
  readonly onSubscribed: () => void;
  readonly onGone: () => void;
}

export class RecordedSocket {
  readonly writer: FrameWriter;
  readonly subscriptions: Subscriptions;
  readonly #o: RecordedSocketOptions;
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: RecordedSocketOptions) {
    const { indexOf, onGone, socket, streams, ws } = options;
    this.#o = options;
    this.writer = new FrameWriter(socket, () => ws.readyState === ws.OPEN && !socket.destroyed);
    this.subscriptions = new Subscriptions(streams.symbols.length, indexOf);
    ws.on('message', (data, binary) => {
      if (!binary) this.#answer(parseRequest((data as Buffer).toString()));
    });
    ws.on('close', () => {
      this.writer.gone();
      this.#ended.resolve();
      onGone();
    });
    // ws closes the socket after an error.
    ws.on('error', () => {});
  }

  get open(): boolean {
    return this.#o.ws.readyState === this.#o.ws.OPEN;
  }

  /** Whether a frame is of a topic that it has subscribed to. */
  wants(sight: Sight): boolean {
    const { subscriptions } = this;
    if (sight.topic === null) return true;
    if (sight.topic === 'prices') return subscriptions.prices[sight.symbol] === 1;
    if (sight.topic === 'bars')
      return sight.timeframe !== null && subscriptions.timeframes(sight.symbol).includes(sight.timeframe);
    return subscriptions.has(sight.topic);
  }

  /** Closes the socket after everything written so far. */
  close(code: number | null, reason: string): void {
    this.writer.flush();
    this.#o.ws.close(code !== null && isSendable(code) ? code : GOING_AWAY, reason);
    this.writer.gone();
  }

  /** Resolves when the closing handshake is done; `ws` disconnects a client that never answers. */
  ended(): Promise<void> {
    return this.#ended.promise;
  }

  #answer(request: SocketRequest): void {
    if (request.action === 'list') this.#reply(subscriptionList(this.subscriptions.list()));
    else if (request.action === 'invalid') this.#reply(refused(request.topic, request.message));
    else if (request.action === 'unsubscribe') {
      const known = this.subscriptions.remove(request.subscription);
      this.#reply(
        acknowledged('unsubscribe', request.subscription.topic, known ? 'unsubscribed' : 'not subscribed'),
      );
    } else this.#subscribe(request.subscription);
  }

  #subscribe(subscription: Subscription): void {
    const { topic } = subscription;
    if (!this.#isRecorded(subscription)) return this.#reply(refused(topic, NOT_RECORDED));
    const isNew = this.subscriptions.add(subscription);
    this.#reply(acknowledged('subscribe', topic, isNew ? 'subscribed' : 'already subscribed'));
    this.#o.onSubscribed();
  }

  #isRecorded({ symbol, timeframe, topic }: Subscription): boolean {
    const { bars, quoted, topics } = this.#o.streams;
    if (symbol === undefined) return topics.has(topic);
    if (timeframe === undefined) return quoted.has(symbol);
    return bars.some((bar) => bar.symbol === symbol && bar.timeframe === timeframe);
  }

  #reply(text: string): void {
    this.writer.text(text);
    this.writer.flush();
  }
}
