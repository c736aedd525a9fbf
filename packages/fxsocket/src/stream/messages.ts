// The messages of the gateway after validation: one type for each kind of frame, plus `unknown` (valid JSON of an unknown kind) and
// `undecodable` (a known kind that does not fit its schema, or no JSON at all).

import type { DataOf, FrameOf, NeedOf, Topic } from '../api/topics.ts';
import type { Subscription } from './subscription.ts';

/** `rejected`: elements of a list that cannot be read; they are not in `data`. */
type Carried<T extends Topic> = { data: DataOf<T> } & (DataOf<T> extends readonly unknown[]
  ? { rejected?: RejectedElement[] }
  : unknown);
type Flat<T> = { [K in keyof T]: T[K] };

/** A frame of a topic. */
export type DataMessage = {
  [T in Topic]: Flat<{ type: FrameOf<T> } & { [N in NeedOf<T>]: string } & Carried<T>>;
}[Topic];

export type Message =
  | DataMessage
  | { type: 'subscribed' | 'unsubscribed'; topic: string; message: string }
  | { type: 'error'; topic: string | null; message: string }
  /** The answer to `list`. `unreadable`: number of rows that name no known subscription. */
  | { type: 'subscriptions'; data: Subscription[]; unreadable: number }
  /** The server discarded this many messages because this client was slow: always a gap. */
  | { type: 'warning'; dropped: number }
  | { type: 'unknown'; wireType: string | null };

/** An element of a list that cannot be read. */
export interface RejectedElement {
  index: number;
  reason: string;
}

/** A frame that cannot be read, with its `type`, symbol and timeframe where those could be read. */
export interface Undecodable {
  type: 'undecodable';
  reason: 'not_json' | 'invalid';
  wireType: string | null;
  symbol: string | null;
  timeframe: string | null;
  detail: string;
}
