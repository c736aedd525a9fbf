// The words a gateway says on the socket, after validation. One type per kind of frame, plus `unknown` (valid JSON of a
// kind nobody listed: to be kept and counted) and `undecodable` (a kind we know in a shape we do not, or no JSON at all).

import type { DataOf, FrameOf, NeedOf, Topic } from '../api/topics.ts';
import type { Subscription } from './subscription.ts';

/** `rejected`: elements of a list that cannot be read; nothing of them is in `data`. */
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
  /** `unreadable`: rows of the answer that name no subscription we know of. */
  | { type: 'subscriptions'; data: Subscription[]; unreadable: number }
  /** The server threw away this many messages because this client was slow: a gap, always. */
  | { type: 'warning'; dropped: number }
  | { type: 'unknown'; wireType: string | null };

/** An element of a list that cannot be read. */
export interface RejectedElement {
  index: number;
  reason: string;
}

/** A frame that cannot be read. Whatever names its place (`wireType`, `symbol`, `timeframe`) is kept when it could be read. */
export interface Undecodable {
  type: 'undecodable';
  reason: 'not_json' | 'invalid';
  wireType: string | null;
  symbol: string | null;
  timeframe: string | null;
  detail: string;
}
