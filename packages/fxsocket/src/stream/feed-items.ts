// What reading a topic yields: data, and between the data everything that makes it incomplete. A reader that ignores everything but `data`
// knows the newest; one that looks at the others knows exactly where something may be missing.

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
 * `refused`: no connection came about. `disconnected`: one ended. `contended`: somebody else uses this account's one socket. `silent`: no
 * heartbeat. `broker`: the terminal had lost its broker. `unsubscribed`: the gateway had lost this subscription, or it is made again.
 */
export type DownReason = 'refused' | 'disconnected' | 'contended' | 'silent' | 'broker' | 'unsubscribed';

export type FeedStatus = FeedMoment &
  (
    | {
        /** Subscribed; what follows is complete until another status says otherwise. The first frame of prices, account and positions is a snapshot. */
        readonly kind: 'live';
        readonly symbol: string | null;
        readonly timeframe: string | null;
      }
    /** Nothing comes now, or may have been missing for a while: whatever happened between the last data and the next `live` was not seen. */
    | {
        readonly kind: 'down';
        readonly why: DownReason;
        /** HTTP status of a refused upgrade: 401 is a wrong key, 502 and 503 a terminal that restarts. Null when there was no answer. */
        readonly status: number | null;
        /** WebSocket close code of a connection that ended; null when there was none. */
        readonly code: number | null;
        /** The same for people. */
        readonly reason: string;
      }
    /** The gateway did not take the subscription: usually a symbol that the broker does not list. It is tried again every minute. */
    | {
        readonly kind: 'refused';
        readonly symbol: string | null;
        readonly timeframe: string | null;
        readonly message: string;
      }
    /** The gateway threw away so many messages, of any topic, because this process was slow. */
    | { readonly kind: 'dropped'; readonly count: number }
    /** This reader was too slow: so many items of its own were thrown away here, statuses among them. */
    | { readonly kind: 'lagged'; readonly count: number }
    /** A frame of this topic that is not what it should be. */
    | { readonly kind: 'unreadable'; readonly text: string; readonly reason: string }
  );

export type FeedItem<T extends Topic> = (FeedMoment & { readonly kind: 'data' } & TopicData[T]) | FeedStatus;

export type AnyFeedItem = FeedItem<Topic>;
