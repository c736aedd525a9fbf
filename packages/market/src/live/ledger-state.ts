// The state of the gap ledger after some line: which streams run, since when they are covered, which gaps are open, and the last heartbeat
// that can serve as a bound. It is plain data: heads and cursors carry it, and a reader can go on from either.

import type { Lateness } from './lateness.ts';
import type { StreamKey } from '../tables/stream-key.ts';
import type { StreamPhase } from './stream-transitions.ts';
import type { BrokerMs } from '../time/time.ts';
import type { Bound, Instant } from './bound.ts';

/** Causes of gaps that the live path can see. */
export type LiveCause =
  | 'disconnect'
  | 'server_dropped'
  | 'broker_disconnected'
  | 'stalled'
  | 'process_down'
  | 'not_subscribed'
  | 'tape_damaged'
  | 'rejected';

export interface OpenGap {
  readonly id: string;
  readonly outageId: string;
  readonly cause: LiveCause;
  /** Null until the first clean heartbeat gives it a start. */
  from: Bound | null;
  readonly evidence: string | null;
  /** When it was opened, by our clock as it has been set since, microseconds; 0 when nobody noted it. */
  openedUs: number;
  /** Missing messages as the gateway counts them, all streams together; null when it does not say. */
  missing: number | null;
}

export interface StreamAccount {
  readonly key: StreamKey;
  /** See `stream-transitions`. Only a `live` stream has no open gap. */
  phase: StreamPhase;
  /** Receive time until which the marker may still take an equal tick for the snapshot's repeat, microseconds. */
  settlesAtUs: number;
  gap: OpenGap | null;
  /** Start of the range being covered, and its id; null while in a gap. */
  coveredFrom: Bound | null;
  rangeId: string | null;
  claimedAtUs: number;
  /** The clean heartbeat of then, by the broker's clock; an earlier release saved none. */
  claimedMs?: BrokerMs | null;
  rows: number;
  /** The last clean heartbeat at which the subscription is known to have existed. */
  proved: Instant | null;
  /** Where the last gap ended; null while it is not subscribed: what was dropped since then is dropped of this subscription. */
  liveFrom: Bound | null;
  /** Broker time of its newest tick, and when that came; null before the first one. */
  tickMs: BrokerMs | null;
  tickUs: number;
  /** Of a stream of ticks; null before the first one. */
  lateness: Lateness | null;
  /** Frames of the last moment that were left out although they may have been ticks; null when their gap is noted. */
  leftOut: LeftOut | null;
}

/** Frames that were left out in quick succession; `from` and `to` are the earliest and the latest time that they stated. */
export interface LeftOut {
  from: Instant;
  to: Instant;
  count: number;
}

/** A stream that nothing is known of yet. */
export const newStream = (key: StreamKey): StreamAccount => ({
  key,
  phase: 'down',
  settlesAtUs: 0,
  gap: null,
  coveredFrom: null,
  rangeId: null,
  claimedAtUs: 0,
  rows: 0,
  proved: null,
  liveFrom: null,
  tickMs: null,
  tickUs: 0,
  lateness: null,
  leftOut: null,
});

/** What came in during some seconds. */
export interface Stretch {
  readonly fromUs: number;
  /** The last clean heartbeat before it. */
  readonly clean: Instant | null;
  /** Frames of the streams; heartbeats and answers are none. */
  frames: number;
}

export interface LedgerState {
  /** Feed under which market data is recorded; null when none is. */
  feed: string | null;
  /** Last clean heartbeat of any connection. */
  clean: Instant | null;
  /**
   * The oldest tick that was taken for a repeat before there was any clean heartbeat, of a replayed gateway: what is missing begins there.
   * Elsewhere the margin reaches further back than such a tick can be.
   */
  firstRepeat: Instant | null;
  /** What the last heartbeat of this connection stated, clean or not; null before the first one. */
  serverMs: number | null;
  conn: number;
  /** Receive time of the first line of this connection, microseconds; 0: an earlier release did not record it. */
  connUs: number;
  brokerUp: boolean;
  /** The gateway plays an old day at a pace of its own: its clock measures no wait of ours. */
  replayed: boolean;
  /** The last minute, oldest first. */
  recent: Stretch[];
  /** Since when, by receive times, what is configured may have changed in a part of the tape that could not be read; null: it has not. */
  unreadFromUs: number | null;
  streams: Map<string, StreamAccount>;
}

export const emptyLedger = (): LedgerState => ({
  feed: null,
  clean: null,
  firstRepeat: null,
  serverMs: null,
  conn: 0,
  connUs: 0,
  brokerUp: true,
  replayed: false,
  recent: [],
  unreadFromUs: null,
  streams: new Map(),
});

/** The state as JSON, for the head of a segment or the cursor: a copy that later lines do not change. */
export const saveLedger = (state: LedgerState): unknown => ({
  ...state,
  recent: state.recent.map((stretch) => ({ ...stretch })),
  streams: [...state.streams].map(([id, stream]) => [
    id,
    {
      ...stream,
      gap: stream.gap && { ...stream.gap },
      leftOut: stream.leftOut && { ...stream.leftOut },
      lateness: stream.lateness && {
        ...stream.lateness,
        late: stream.lateness.late.map((stretch) => ({ ...stretch })),
      },
    },
  ]),
});

/** A stream as an earlier release saved it: it told a doubtful subscription by a flag, and lacks what has been added since. */
type SavedStream = StreamAccount & { readonly unsure?: boolean };

type SavedLedger = Omit<LedgerState, 'streams'> & {
  readonly streams: readonly (readonly [string, SavedStream])[];
  /** Of the earlier release, which knew one lateness for all and kept it for good. */
  readonly latenessMs?: number;
  readonly newestServerMs?: number | null;
};

const loadStream = ({ unsure, ...saved }: SavedStream): StreamAccount => ({
  ...newStream(saved.key),
  ...saved,
  phase: unsure === true ? 'unsure' : saved.phase,
  gap: saved.gap && { ...saved.gap, openedUs: saved.gap.openedUs ?? 0, missing: saved.gap.missing ?? null },
  liveFrom: saved.liveFrom ?? saved.coveredFrom,
});

/** What `saveLedger` gave, back. The caller has checked that it is its own (CRC of the line or file). */
export const loadLedger = (saved: unknown): LedgerState => {
  const raw = structuredClone(saved) as SavedLedger;
  const streams = new Map(raw.streams.map(([id, stream]) => [id, loadStream(stream)] as const));
  const { latenessMs: _, newestServerMs: serverMs, ...rest } = raw;
  return { ...emptyLedger(), ...(serverMs === undefined ? {} : { serverMs }), ...rest, streams };
};
