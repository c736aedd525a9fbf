// The transition table of one configured stream: for each phase and event, the next phase and the action.
//
//   down ──acknowledged──► proving ──clean heartbeat──► live ──lost──► down
//     │ ▲                      ▲  ▲                       │
//     │ │ asked                │  └──────── doubted ──────┘
//     ▼ │                      │
//   unsure ──listed────────────┘
//     (damaged)
//
// `down`: not subscribed, by what the tape shows. `unsure`: the same, but a damaged stretch may hide the acknowledgement. `proving`:
// subscribed, waiting for a clean heartbeat. `live`: recorded without a known loss. A gap is open in every phase but `live`.

export type StreamPhase = 'down' | 'unsure' | 'proving' | 'live';

export type StreamEvent =
  /** The subscription ended, or the broker, the connection or this process was lost. */
  | 'lost'
  /** The same, and the start of the next connection could not be read. */
  | 'lost_unseen'
  /** Frames are missing or may be missing; the subscription stands. */
  | 'doubted'
  /** A stretch of the tape could not be read. */
  | 'damaged'
  /** A subscription is being sent: its answer will be on the tape. */
  | 'asked'
  | 'acknowledged'
  /** The gateway's list of subscriptions has it. */
  | 'listed'
  /** A clean heartbeat came. */
  | 'heartbeat'
  /** It is not configured any more. */
  | 'retired';

/**
 * `open`: opens a gap, or moves the start of the open gap back. `settle`: waits for the snapshot. `end`: ends the gap and begins a range of
 * coverage. `claim`: extends coverage. `prove`: notes that the subscription existed at the last clean heartbeat. `close`: ends the stream.
 */
export type StreamAction = 'open' | 'settle' | 'end' | 'claim' | 'prove' | 'close';

export interface Transition {
  readonly to: StreamPhase | 'gone';
  readonly does: StreamAction | null;
}

const to = (phase: StreamPhase | 'gone', does: StreamAction | null = null): Transition => ({
  to: phase,
  does,
});

export const STREAM_TRANSITIONS: Readonly<Record<StreamPhase, Readonly<Record<StreamEvent, Transition>>>> = {
  down: {
    lost: to('down', 'open'),
    lost_unseen: to('unsure', 'open'),
    doubted: to('down', 'open'),
    damaged: to('unsure', 'open'),
    asked: to('down'),
    acknowledged: to('proving', 'settle'),
    listed: to('down'),
    heartbeat: to('down'),
    retired: to('gone', 'close'),
  },
  unsure: {
    lost: to('down', 'open'),
    lost_unseen: to('unsure', 'open'),
    doubted: to('unsure', 'open'),
    damaged: to('unsure', 'open'),
    asked: to('down'),
    acknowledged: to('proving', 'settle'),
    listed: to('proving', 'settle'),
    heartbeat: to('unsure'),
    retired: to('gone', 'close'),
  },
  proving: {
    lost: to('down', 'open'),
    lost_unseen: to('unsure', 'open'),
    doubted: to('proving', 'open'),
    damaged: to('proving', 'open'),
    asked: to('proving'),
    acknowledged: to('proving', 'settle'),
    listed: to('proving'),
    heartbeat: to('live', 'end'),
    retired: to('gone', 'close'),
  },
  live: {
    lost: to('down', 'open'),
    lost_unseen: to('unsure', 'open'),
    doubted: to('proving', 'open'),
    damaged: to('proving', 'open'),
    asked: to('live'),
    acknowledged: to('live'),
    listed: to('live', 'prove'),
    heartbeat: to('live', 'claim'),
    retired: to('gone', 'close'),
  },
};
