// The items of a stream: frames and session events in one sequence, in the order in which they happened. A lost connection is an item too,
// so that no consumer can miss it.

import type { Message, Undecodable } from './messages.ts';
import type { Subscription } from './subscription.ts';

export type SessionEvent =
  | { type: 'connecting' }
  | { type: 'connected' }
  /** The attempt failed. `status`: HTTP status; null when there was no HTTP answer. */
  | { type: 'refused'; status: number | null; reason: string }
  /** Exactly once per `connected`, after the last frame of the connection. `code`: WebSocket close code; null when there was none. */
  | { type: 'disconnected'; code: number | null; reason: string }
  /** The request is being written (not only the first time). From here on the next tick of the symbol may be a snapshot. */
  | { type: 'subscribing'; sub: Subscription }
  /** `already`: the server already had the subscription; `frame`: data came before the acknowledgement. */
  | { type: 'subscribed'; sub: Subscription; how: 'ack' | 'already' | 'frame' }
  | { type: 'subscribe_failed'; sub: Subscription; message: string }
  | { type: 'unsubscribed'; sub: Subscription }
  /** The server's list compared with the confirmed subscriptions. Both are empty when they agree. */
  | { type: 'audit'; missing: Subscription[]; extra: Subscription[] }
  /** A connection with heartbeats has had none for this long. Once per silence. */
  | { type: 'heartbeat_lost'; silentMs: number }
  | { type: 'resubscribing'; why: 'stalled' | 'broker_back' | 'audit' }
  /** Three connections in a row ended within seconds of becoming live: another program uses the account's socket. */
  | { type: 'contended' }
  | { type: 'backing_off'; ms: number; why: string };

interface Received {
  /** Number of the connection, from 1; 0 before the first. An attempt has the number of the connection before it. */
  conn: number;
  /** Receive time: wall clock, microseconds UTC. Frames of one turn of the event loop share it. */
  recvUs: number;
  /** Monotonic clock, milliseconds. */
  monoMs: number;
}

export interface FrameItem extends Received {
  kind: 'frame';
  /** True when the frame may have waited in a buffer of this process: such a heartbeat is no evidence of the current time. */
  congested: boolean;
  /** The frame as received, without the key; base64 when `binary`. */
  text: string;
  /** True when `text` is JSON on one line, which can be embedded in a line of JSON. */
  json: boolean;
  binary: boolean;
  message: Message | Undecodable;
}

export interface SessionItem extends Received {
  kind: 'session';
  event: SessionEvent;
}

export type StreamItem = FrameItem | SessionItem;
