// Counts the frames of the last minute: a gateway says how many messages it dropped, but not since when. In: one call per frame. Out: since
// when messages may be missing. The counts are part of the ledger's state, so every reading counts the same.

import { earliest, gapStart, latest, type Bound } from './bound.ts';
import type { LedgerState, StreamAccount, Stretch } from './ledger-state.ts';

const STRETCH_US = 10_000_000;
const MINUTE_US = 60_000_000;
const MINUTE_MS = 60_000;

/** Counts a frame of a stream. */
export const countFrame = (state: LedgerState, tsRecv: number): void => {
  const { recent } = state;
  const last = recent.at(-1);
  if (last !== undefined && ageUs(last, state, tsRecv) < STRETCH_US) {
    last.frames++;
    return;
  }
  recent.push({ fromUs: tsRecv, clean: state.clean, frames: 1 });
  while (ageUs(recent[0] as Stretch, state, tsRecv) > MINUTE_US + STRETCH_US) recent.shift();
};

/** By our clock or the broker's, whichever says more: while ours is behind the tape, lines are a microsecond apart. */
const ageUs = (stretch: Stretch, { clean, replayed }: LedgerState, tsRecv: number): number => {
  const oursUs = tsRecv - stretch.fromUs;
  if (replayed || clean === null || stretch.clean === null) return oursUs;
  return Math.max(oursUs, (clean.brokerMs - stretch.clean.brokerMs) * 1000);
};

/**
 * Since when `dropped` messages may be missing of a stream: since its last gap, but at most for the time that the gateway takes for twice as
 * many, and a minute at least; and in any case since the last clean heartbeat. Heartbeats say that the connection lives, not that the queue
 * was whole. Null: before any clean heartbeat.
 */
export const droppedSince = (
  state: LedgerState,
  { liveFrom }: StreamAccount,
  o: { readonly tsRecv: number; readonly dropped: number; readonly startMs: number },
): Bound | null => {
  const { clean } = state;
  if (clean === null) return null;
  const near = gapStart(clean, o.startMs);
  if (liveFrom === null) return near;
  const far = reach(state, o);
  return earliest(near, far === null ? liveFrom : latest(liveFrom, far));
};

/** How far back this many messages reach; null: as far as there is no gap. */
const reach = (
  state: LedgerState,
  o: { readonly tsRecv: number; readonly dropped: number; readonly startMs: number },
): Bound | null => {
  const { clean, recent, replayed } = state;
  const ofMinute = recent.filter((stretch) => ageUs(stretch, state, o.tsRecv) <= MINUTE_US);
  const frames = ofMinute.reduce((sum, stretch) => sum + stretch.frames, 0);
  if (clean === null || frames === 0) return null;
  const windowMs = Math.max(MINUTE_MS, Math.ceil((2 * o.dropped * MINUTE_MS) / frames));
  if (!replayed) return gapStart(clean, windowMs + o.startMs);
  // The broker's clock runs at another pace than ours: only a heartbeat of that time says where it stood.
  const fromUs = o.tsRecv - windowMs * 1000;
  const then = recent.findLast((stretch) => stretch.fromUs <= fromUs && stretch.clean !== null)?.clean;
  return then === undefined || then === null ? null : gapStart(then, o.startMs);
};
