// The life of one configured stream's account as a table: what happens to it in each phase, and what follows.
//
//   down ──acknowledged──► proving ──clean heartbeat──► live ──lost──► down
//     │ ▲                      ▲  ▲                       │
//     │ │ asked                │  └──────── doubted ──────┘
//     ▼ │                      │
//   unsure ──listed────────────┘
//     (damaged)
//
// `down`: not subscribed as far as the tape tells. `unsure`: the same, but a damaged stretch may hold the acknowledgement. `proving`:
// subscribed, waiting for a clean heartbeat. `live`: recorded without a known loss. A gap is open in every phase but `live`.

export type StreamPhase = 'down' | 'unsure' | 'proving' | 'live';

export type StreamEvent =
  /** It is not subscribed any more, or its broker, its connection or this process is gone. */
  | 'lost'
  /** The same, and the beginning of the next connection could not be read. */
  | 'lost_unseen'
  /** Something of it is missing or may be; the subscription stands. */
  | 'doubted'
  /** A stretch of the tape could not be read. */
  | 'damaged'
  /** A subscription is being written: what comes of it will be seen. */
  | 'asked'
  | 'acknowledged'
  /** The gateway's own list has it. */
  | 'listed'
  /** A clean heartbeat came. */
  | 'heartbeat'
  /** It is not configured any more. */
  | 'retired';

/**
 * `open`: opens a gap, or lets the open one begin earlier. `settle`: waits for the snapshot. `end`: ends the gap and begins a range of
 * coverage. `claim`: coverage goes on. `prove`: the subscription was there at the last clean heartbeat. `close`: ends the account.
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
