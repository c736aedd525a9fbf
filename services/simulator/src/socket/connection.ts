// One client's socket: reads its requests, keeps its subscriptions, sends their data. In: the upgraded socket, ticks and messages of the account. Out:
// frames through the outbox, and the end of the socket with its reason.
//
//   open ──client closes / close()──► closing ──handshake done──► gone
//     └──reset() / error / evicted while held───────────────────► gone

import type { Socket } from 'node:net';
import type { Topic } from '@fxtape/fxsocket';
import type { WebSocket } from 'ws';
import type { LastTick } from '../prices/tick-tape.ts';
import type { MarketView, MinuteClosed } from '../broker/market.ts';
import type { BrokerClock } from '../prices/broker-clock.ts';
import { barOpen } from '../history/timeframe.ts';
import type { AccountLedger } from '../ledger.ts';
import type { Conditions } from '../conditions.ts';
import { acknowledged, barFrame, droppedWarning, refused, subscriptionList } from './messages.ts';
import { Outbox, type QueueRule } from './outbox.ts';
import { parseRequest, type SocketRequest, type Subscription } from './request.ts';
import { Snapshots } from './snapshots.ts';
import { Subscriptions } from './subscriptions.ts';
import type { TickEncoder } from './tick-encoder.ts';
import { OPCODE, webSocketFrame } from './websocket-frame.ts';

/** What a connection needs from its account. */
export interface ConnectionHost {
  readonly market: MarketView;
  readonly encoder: TickEncoder;
  readonly ledger: AccountLedger;
  readonly conditions: Conditions;
  readonly snapshotWaitMs: number;
  clock(): BrokerClock;
  lastSeen(symbol: number): LastTick | null;
  /** The current state of the topics `account` and `positions` as text; null for other topics. */
  stateOf(topic: Topic): string | null;
  monoMs(): number;
}

export class Connection {
  /** Number within the account, from 1. */
  readonly conn: number;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
  readonly snapshots: Snapshots;
  readonly #host: ConnectionHost;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  #gone = false;
  /** Ticks that a fault has dropped so far; null without such a fault. */
  #dropped: number | null = null;
  #tellsDrops: 'at_end' | 'before_heartbeats' = 'at_end';
  /** Why the server ended it; null when the client did. */
  endedBy: string | null = null;
  /** Called once, when the socket is gone. */
  onGone: (code: number) => void = () => {};

  constructor(host: ConnectionHost, conn: number, ws: WebSocket, socket: Socket, rule: QueueRule) {
    this.#host = host;
    this.conn = conn;
    this.#ws = ws;
    this.#socket = socket;
    const { market, encoder, ledger, conditions } = host;
    const wholeSeconds = (): boolean => conditions.wholeSeconds;
    this.outbox = new Outbox({
      socket,
      conn,
      tape: market.tape,
      encoder,
      ledger,
      rule,
      wholeSeconds,
      mayWrite: () => ws.readyState === ws.OPEN && !socket.destroyed,
    });
    this.subscriptions = new Subscriptions(market.symbols.length, (symbol) => market.indexOf(symbol));
    this.snapshots = new Snapshots({
      outbox: this.outbox,
      tape: market.tape,
      encoder,
      wholeSeconds,
      lastSeen: (symbol) => host.lastSeen(symbol),
      turn: conn - 1,
    });
    ws.on('message', (data, binary) => {
      if (!binary) this.#hear((data as Buffer).toString());
    });
    ws.on('close', (code) => this.#leave(code));
    // ws reports protocol errors of the client here and then closes; the reason is in the close code.
    ws.on('error', () => this.#leave(1006));
  }

  get open(): boolean {
    return !this.#gone && this.#ws.readyState === this.#ws.OPEN;
  }

  /** A tick of a subscribed symbol. */
  tick(n: number, symbol: number): void {
    if (this.#dropped !== null) {
      this.#dropped++;
      this.#host.ledger.markWithheld(n);
      return;
    }
    const { badTicks, otherTimes } = this.#host.conditions;
    if (badTicks.size > 0 && this.#spoilTick(n, symbol)) return;
    if (otherTimes.size > 0) this.#stateOtherTime(n, symbol);
    if (this.snapshots.waiting > 0) this.snapshots.tick(n, symbol);
    else this.outbox.pushTick(n);
  }

  /** Drops ticks, and nothing else, from now on; the end of it reports their number. */
  dropTicks(tells: 'at_end' | 'before_heartbeats'): () => void {
    this.#dropped ??= 0;
    this.#tellsDrops = tells;
    return () => {
      this.#tellDrops();
      this.#dropped = null;
      this.outbox.pump();
    };
  }

  heartbeat(text: () => string): void {
    if (this.#dropped !== null && this.#tellsDrops === 'before_heartbeats') this.#tellDrops();
    this.sendIf('terminal', text);
  }

  /** Sends the bars that a tick closed by beginning a new minute. */
  minuteClosed({ symbol, minute, n }: MinuteClosed): void {
    const timeframes = this.subscriptions.timeframes(symbol);
    if (timeframes.length === 0) return;
    const { market } = this.#host;
    const clock = this.#host.clock();
    const now = clock.brokerMs(market.tape.read(n).utcMs);
    const before = clock.brokerMs(minute * 60_000);
    for (const timeframe of timeframes) {
      if (timeframe !== 'M1' && barOpen(timeframe, now) === barOpen(timeframe, before)) continue;
      const bar = market.bars[symbol]?.barAt(timeframe, minute, clock);
      const spec = market.symbols[symbol];
      if (bar !== undefined && bar !== null && spec !== undefined) this.send(barFrame(spec, timeframe, bar));
    }
  }

  /** Queues a message of a topic. */
  send(text: string): void {
    this.outbox.pushText(text, { droppable: true });
  }

  sendIf(topic: Topic, text: () => string): void {
    if (this.subscriptions.has(topic)) this.send(text());
  }

  /** Sends raw bytes, which the ledger does not count. */
  sendJunk(payload: Uint8Array, opcode: 'text' | 'binary'): void {
    this.outbox.pushFrame(webSocketFrame(payload, OPCODE[opcode]), { droppable: false });
    this.outbox.pump();
  }

  /** A newer connection of the account replaces this one. */
  evict(): void {
    this.close(1000, 'replaced by a newer connection', 'evicted');
  }

  /** Closes with a handshake; a held socket is cut instead. */
  close(code: number, reason: string, why: string): void {
    this.endedBy ??= why;
    if (this.outbox.held || !isSendable(code)) {
      this.#ws.terminate();
      this.#leave(1006);
      return;
    }
    this.#ws.close(code, reason);
    this.#leave(code);
  }

  /** TCP reset: undelivered bytes are lost. */
  reset(why: string): void {
    this.endedBy ??= why;
    this.#socket.resetAndDestroy();
    this.#leave(1006);
  }

  /** Stops reading: requests, pings and close frames stay in the kernel. */
  stopReading(): void {
    if (!this.#gone) this.#ws.pause();
  }

  resumeReading(): void {
    if (!this.#gone) this.#ws.resume();
  }

  #leave(code: number): void {
    if (this.#gone) return;
    this.#gone = true;
    this.outbox.close();
    this.onGone(code);
  }

  #hear(text: string): void {
    const { conditions } = this.#host;
    if (conditions.restarting !== null) return;
    const request = parseRequest(text);
    if (conditions.ackDelayMs === 0) {
      this.#answer(request);
      return;
    }
    setTimeout(() => {
      if (!this.#gone && conditions.restarting === null) this.#answer(request);
    }, conditions.ackDelayMs);
  }

  #answer(request: SocketRequest): void {
    if (request.action === 'list') this.#reply(subscriptionList(this.subscriptions.list()));
    else if (request.action === 'invalid') this.#reply(refused(request.topic, request.message));
    else if (request.action === 'subscribe') this.#subscribe(request.subscription);
    else this.#unsubscribe(request.subscription);
    this.outbox.pump();
  }

  #subscribe(subscription: Subscription): void {
    const { conditions, market } = this.#host;
    const { topic } = subscription;
    const symbol = subscription.symbol === undefined ? null : market.indexOf(subscription.symbol);
    const unlisted = subscription.symbol !== undefined && conditions.unlisted.includes(subscription.symbol);
    if (unlisted || (symbol === -1 && conditions.badSymbol === 'error')) {
      this.#reply(refused(topic, 'symbol not found'));
      return;
    }
    const isNew = this.subscriptions.add(subscription);
    const ack = this.#ack(acknowledged('subscribe', topic, isNew ? 'subscribed' : 'already subscribed'));
    if (!isNew) {
      if (ack !== null) this.#reply(ack);
      return;
    }
    if (topic === 'prices' && symbol !== null && symbol >= 0) {
      this.snapshots.begin(symbol, ack, this.#host.lastSeen(symbol), {
        order: conditions.snapshotOrder,
        ack: conditions.ackOrder,
        nowMonoMs: this.#host.monoMs(),
        waitMs: this.#host.snapshotWaitMs,
        lingers: conditions.lingering?.() ?? null,
      });
      return;
    }
    const state = this.#host.stateOf(topic);
    const ackFirst = conditions.ackOrder === 'before_snapshot';
    if (ackFirst && ack !== null) this.#reply(ack);
    if (state !== null) this.send(state);
    if (!ackFirst && ack !== null) this.#reply(ack);
  }

  #unsubscribe(subscription: Subscription): void {
    const known = this.subscriptions.remove(subscription);
    if (subscription.topic === 'prices' && subscription.symbol !== undefined)
      this.snapshots.cancel(this.#host.market.indexOf(subscription.symbol));
    const ack = this.#ack(
      acknowledged('unsubscribe', subscription.topic, known ? 'unsubscribed' : 'not subscribed'),
    );
    if (ack !== null) this.#reply(ack);
  }

  /** The acknowledgement; null when a fault suppresses it. */
  #ack(text: string): string | null {
    const { conditions } = this.#host;
    if (conditions.swallowAcks === 0) return text;
    conditions.swallowAcks--;
    return null;
  }

  #tellDrops(): void {
    const dropped = this.#dropped ?? 0;
    if (dropped === 0) return;
    this.#dropped = 0;
    if (this.open) this.outbox.pushText(droppedWarning(dropped), { droppable: false });
  }

  #reply(text: string): void {
    this.outbox.pushText(text, { droppable: false });
  }

  #stateOtherTime(n: number, symbol: number): void {
    const { otherTimes } = this.#host.conditions;
    const other = otherTimes.get(symbol);
    if (other === undefined || other.remaining === null) return;
    this.#host.ledger.stateOff(n, other.byMs);
    if (--other.remaining === 0) otherTimes.delete(symbol);
  }

  /** Sends the tick unreadable if a fault demands it; returns whether it did. */
  #spoilTick(n: number, symbol: number): boolean {
    const { badTicks } = this.#host.conditions;
    const left = badTicks.get(symbol) ?? 0;
    if (left === 0) return false;
    if (left === 1) badTicks.delete(symbol);
    else badTicks.set(symbol, left - 1);
    this.#host.ledger.markWithheld(n);
    const name = JSON.stringify(this.#host.market.symbols[symbol]?.name);
    this.send(`{"type":"tick","symbol":${name},"data":{"symbol":${name},"bid":"n/a","ask":null}}`);
    return true;
  }
}

/** Codes that may stand in a close frame (RFC 6455 §7.4). */
export function isSendable(code: number): boolean {
  return code >= 3000 || (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006);
}
