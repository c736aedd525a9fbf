// The account of one tape as it stands after some line: which streams run, since when they are covered, which gaps are
// open, and the last heartbeat that can serve as a bound. It is plain data, so that the head of a segment and the
// cursor can carry it, and a reader can go on from either.

import type { Pass } from './clock/clock-rule.ts';
import type { StreamKey } from './stream-key.ts';
import type { BrokerMs } from './time.ts';

/** The causes that the live path can see. */
export type LiveCause =
  | 'disconnect'
  | 'server_dropped'
  | 'broker_disconnected'
  | 'stalled'
  | 'process_down'
  | 'not_subscribed'
  | 'tape_damaged'
  | 'rejected';

/** A heartbeat's word on the gateway's own clock, and what is needed to read it as UTC. */
export interface Instant {
  readonly brokerMs: BrokerMs;
  readonly resolutionMs: number;
  readonly recvUs: number;
  readonly pass: Pass | null;
}

/** A bound of a gap or a range: an instant of the broker's clock moved by some milliseconds, or UTC outright. */
export type Bound = { readonly at: Instant; readonly byMs: number } | { readonly utcUs: number };

export interface OpenGap {
  readonly id: string;
  readonly outageId: string;
  readonly cause: LiveCause;
  /** Null until the first heartbeat tells where the stream's account begins. */
  from: Bound | null;
  readonly evidence: string | null;
}

/**
 * `down`: not subscribed as far as the tape tells. `proving`: subscribed, waiting for a clean heartbeat. `live`.
 *
 *   down ──subscribed──► proving ──clean heartbeat──► live ──any cause──► down | proving
 */
export interface StreamAccount {
  readonly key: StreamKey;
  phase: 'down' | 'proving' | 'live';
  /** Receive time until which the marker may still take an equal tick for the snapshot's repeat, microseconds. */
  settlesAtUs: number;
  gap: OpenGap | null;
  /** Start of the range being covered, and its id; null while in a gap. */
  coveredFrom: Bound | null;
  rangeId: string | null;
  claimedAtUs: number;
  rows: number;
  /** The last clean heartbeat at the time when the subscription was last proved to exist. */
  proved: Instant | null;
  /** Damage of the tape may have taken the acknowledgement with it: the next audit decides. */
  unsure: boolean;
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
  unsure: false,
});

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
  /** Newest server time seen in this connection, clean or not; ticks behind it are late by the difference. */
  newestServerMs: number | null;
  latenessMs: number;
  conn: number;
  brokerUp: boolean;
  /** The gateway plays an old day at a pace of its own: its clock measures no wait of ours. */
  replayed: boolean;
  streams: Map<string, StreamAccount>;
}

export const emptyLedger = (): LedgerState => ({
  feed: null,
  clean: null,
  firstRepeat: null,
  newestServerMs: null,
  latenessMs: 0,
  conn: 0,
  brokerUp: true,
  replayed: false,
  streams: new Map(),
});

/** The state as JSON, for the head of a segment or the cursor. */
export const saveLedger = (state: LedgerState): unknown => ({
  ...state,
  streams: [...state.streams].map(([id, stream]) => [
    id,
    { ...stream, gap: stream.gap && { ...stream.gap } },
  ]),
});

/** What `saveLedger` gave, back. The caller has checked that it is its own (CRC of the line or file). */
export const loadLedger = (saved: unknown): LedgerState => {
  const raw = structuredClone(saved) as Omit<LedgerState, 'streams'> & { streams: [string, StreamAccount][] };
  // A state of an earlier version lacks what has been added since; a missing number would make bounds that are none.
  const streams = raw.streams.map(([id, stream]) => [id, { ...newStream(stream.key), ...stream }] as const);
  return { ...emptyLedger(), ...raw, streams: new Map(streams) };
};
