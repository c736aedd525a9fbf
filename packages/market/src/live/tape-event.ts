// The session events on the tape that the ledger reads. The collector writes them.

import type { ClockJump } from './clock-watch.ts';
import type { Ruling } from './ruling.ts';
import type { LiveCause } from './ledger-state.ts';
import type { StreamKey, TopicKey } from '../tables/stream-key.ts';
import type { KnownTick } from './tick-marker.ts';

/** A stream as the configuration asks for it, with what an earlier tape left behind when this one is new. */
export interface ConfiguredStream extends StreamKey {
  /** UTC microseconds up to which the database holds coverage of an earlier tape; null when there is none. */
  readonly coveredToUs?: number | null | undefined;
  /** A gap that an earlier tape left open in the database, to be carried on under its own id. */
  readonly openGap?:
    | { readonly id: string; readonly outageId: string; readonly cause: LiveCause; readonly fromUs: number }
    | null
    | undefined;
  /** Its last tick in the database, which the first snapshot may state. */
  readonly lastTick?: KnownTick | undefined;
}

/** A row that the database refused for good, with the range its absence lies in. */
export interface CondemnedRow {
  readonly table: string;
  readonly raw: string;
  readonly key: StreamKey;
  /** Of the row, which may be older than the feed of now; absent in lines of earlier releases. */
  readonly feed?: string | null;
  readonly of: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly reason: string;
}

export type TapeEvent =
  | {
      readonly event: 'configured';
      readonly data: {
        readonly feed: string | null;
        readonly streams: readonly ConfiguredStream[];
        /** The gateway plays an old day. */
        readonly replayed?: boolean | undefined;
      };
    }
  | { readonly event: 'start' | 'stop'; readonly data: unknown }
  | { readonly event: 'connected'; readonly data: unknown }
  | { readonly event: 'disconnected' | 'refused'; readonly data: { readonly reason: string } }
  | { readonly event: 'heartbeat_lost'; readonly data: { readonly silentMs: number } }
  | {
      readonly event: 'subscribing' | 'subscribed' | 'unsubscribed';
      readonly data: { readonly sub: TopicKey };
    }
  | {
      readonly event: 'subscribe_failed';
      readonly data: { readonly sub: TopicKey; readonly message: string };
    }
  | { readonly event: 'audit'; readonly data: { readonly missing: readonly TopicKey[] } }
  /** A clock jumped; the lines behind it that it touches carry it in their marks, so that nothing has to be remembered. */
  | { readonly event: 'clock_jump'; readonly data: ClockJump }
  | { readonly event: 'condemned'; readonly data: CondemnedRow }
  /** A decision about lines before it; every later head keeps it. */
  | { readonly event: 'ruling'; readonly data: Ruling };
