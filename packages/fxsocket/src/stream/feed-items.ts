// The items of a feed: data, and in between everything that makes it incomplete. A reader that looks only at `data` knows the latest values; one
// that also looks at the others knows exactly where data may be missing.

import type { DataOf, NeedOf, Topic, topicShapes } from '../api/topics.ts';

export type TopicData = {
  [T in keyof typeof topicShapes]: { readonly [N in NeedOf<T>]: string } & {
    readonly data: DataOf<T> extends (infer E)[] ? readonly E[] : DataOf<T>;
  };
};

export interface FeedMoment {
  /** Number of the connection, from 1; 0 before the first. */
  readonly conn: number;
  /** Wall clock, microseconds UTC. */
  readonly recvUs: number;
}

/**
 * `refused`: the gateway refused the connection. `disconnected`: the connection ended. `contended`: another program uses the account's socket.
 * `silent`: no heartbeat. `broker`: the terminal had lost its broker. `unsubscribed`: the gateway had lost the subscription, or it is being
 * renewed.
 */
export type DownReason = 'refused' | 'disconnected' | 'contended' | 'silent' | 'broker' | 'unsubscribed';

export type FeedStatus = FeedMoment &
  (
    | {
        /** Subscribed: data is complete until another status. The first frame of prices, account and positions is a snapshot. */
        readonly kind: 'live';
        readonly symbol: string | null;
        readonly timeframe: string | null;
      }
    /** Data is missing or may be: nothing that happened between the last data and the next `live` was seen. */
    | {
        readonly kind: 'down';
        readonly why: DownReason;
        /** HTTP status of a refused upgrade: 401 means a wrong key, 502 and 503 a terminal that restarts. Null when there was no answer. */
        readonly status: number | null;
        /** WebSocket close code of a connection that ended; null when there was none. */
        readonly code: number | null;
        /** The reason in words. */
        readonly reason: string;
      }
    /** The gateway rejected the subscription, usually because the broker does not list the symbol. It is tried again every minute. */
    | {
        readonly kind: 'refused';
        readonly symbol: string | null;
        readonly timeframe: string | null;
        readonly message: string;
      }
    /** The gateway discarded this many messages, of any topic, because this process was slow. */
    | { readonly kind: 'dropped'; readonly count: number }
    /** This reader was too slow: this many of its own items, statuses included, were discarded here. */
    | { readonly kind: 'lagged'; readonly count: number }
    /** A malformed frame of this topic. */
    | { readonly kind: 'unreadable'; readonly text: string; readonly reason: string }
  );

export type FeedItem<T extends Topic> = (FeedMoment & { readonly kind: 'data' } & TopicData[T]) | FeedStatus;

export type AnyFeedItem = FeedItem<Topic>;
