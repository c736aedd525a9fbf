// What a stream yields: frames and session events, in one sequence, in the order in which they happened. A lost
// connection is an item like any other, so no consumer can miss it.

import type { Message, Undecodable } from './messages.ts';
import type { Subscription } from './subscription.ts';

export type SessionEvent =
  | { type: 'connecting' }
  | { type: 'connected' }
  /** This attempt did not become a connection. `status`: HTTP status, null when there was no HTTP answer. */
  | { type: 'refused'; status: number | null; reason: string }
  /** Exactly once per `connected`, after every frame of that connection. `code`: WebSocket close code; null when there was none. */
  | { type: 'disconnected'; code: number | null; reason: string }
  /** The request is being written (first time or again): from here the next tick of that symbol may be a snapshot. */
  | { type: 'subscribing'; sub: Subscription }
  /** `already`: the server had it; `frame`: data came before the acknowledgement. */
  | { type: 'subscribed'; sub: Subscription; how: 'ack' | 'already' | 'frame' }
  | { type: 'subscribe_failed'; sub: Subscription; message: string }
  | { type: 'unsubscribed'; sub: Subscription }
  /** The server's own list compared with what was confirmed; both empty when all is well. */
  | { type: 'audit'; missing: Subscription[]; extra: Subscription[] }
  /** No heartbeat for this long on a connection that had them. Once per silence. */
  | { type: 'heartbeat_lost'; silentMs: number }
  | { type: 'resubscribing'; why: 'stalled' | 'broker_back' | 'audit' }
  /** Three connections in a row ended within seconds of becoming live: somebody else uses this account's socket. */
  | { type: 'contended' }
  | { type: 'backing_off'; ms: number; why: string };

interface Received {
  /** Number of the connection, from 1; before the first one 0. Attempts belong to the connection before them. */
  conn: number;
  /** Wall clock, microseconds UTC. Frames read from the socket in one piece share it. */
  recvUs: number;
  /** Monotonic clock, milliseconds. */
  monoMs: number;
}

export interface FrameItem extends Received {
  kind: 'frame';
  /** True when this frame may have waited in a buffer of ours: a heartbeat like that says nothing about now. */
  congested: boolean;
  /** As received; base64 when `binary`. */
  text: string;
  /** True when `text` is JSON on one line. */
  json: boolean;
  binary: boolean;
  message: Message | Undecodable;
}

export interface SessionItem extends Received {
  kind: 'session';
  event: SessionEvent;
}

export type StreamItem = FrameItem | SessionItem;
