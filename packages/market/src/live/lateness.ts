// Measures how late the ticks of a symbol are: how much older each is than the heartbeat before it. In: ticks and heartbeats in order of
// arrival. Out: the margin that widens gap and coverage bounds, and, for a symbol whose ticks are always late, the delay that shifts them.
//
// Both times come from the gateway. Of two neighbouring heartbeats the lesser time counts. So a clock that is set between them makes no
// tick an hour late when it goes back, and hides no lateness when it goes forward. Lateness is forgotten after an hour.

import { LEAST_MARGIN_MS } from './bound.ts';
import type { BrokerMs } from '../time/time.ts';

/** What came late in a quarter of an hour. */
export interface LateStretch {
  readonly fromUs: number;
  /** Number of heartbeats that were preceded by a late tick. */
  beats: number;
  leastMs: number;
  mostMs: number;
}

/** What is known of one symbol; plain data, part of the ledger's state. */
export interface Lateness {
  /** The oldest and the newest tick since the last heartbeat. */
  oldestMs: BrokerMs | null;
  newestMs: BrokerMs | null;
  /** The newest tick of all; not saved by earlier releases. */
  lastMs?: BrokerMs | null;
  /** Least difference, broker time minus receive time, of the ticks before a connection's first heartbeat. Includes the broker's UTC offset. */
  firstOffsetMs?: number | null;
  /** A tick much older than `lastMs` came since the last heartbeat. */
  hasStale?: boolean;
  /** Heartbeats in a row that were preceded by such stale ticks alone. */
  staleBeats?: number;
  /** Receive time of the last heartbeat that was preceded by a tick that was not late. */
  promptUs: number;
  /** Of the last hour; empty for a symbol that is never late. */
  late: LateStretch[];
}

/** How the bounds of a stream's gaps and coverage are placed around heartbeats. */
export interface Timing {
  readonly marginMs: number;
  readonly delayMs: number;
}

const STRETCH_US = 900_000_000;
const MEMORY_US = 3_600_000_000;
/** A single tick that is older than its symbol's other ticks by more than this is ignored: it is stale, or a clock was set. */
const MOST_LATE_MS = 2_400_000;
/** After so many heartbeats in a row it is not a single stale tick: the symbol is late. */
const SURE_BEATS = 3;
/** A tick older than this is not delayed: its symbol does not trade. */
const OUT_OF_SIGHT_MS = 86_400_000;
/** A symbol is delayed when for at least five minutes everything of it was late by at least as much. */
const LEAST_DELAY_MS = 300_000;
const LEAST_DELAY_BEATS = 20;
/** Ticks before the first heartbeat are compared with it through our clock, which may be set in between: less than this proves nothing. */
const SURELY_LATE_MS = 60_000;

export const noLateness = (): Lateness => ({ oldestMs: null, newestMs: null, promptUs: 0, late: [] });

/** A live tick came. `serverMs`: what the last heartbeat stated; null before the first one of a connection. */
export const tickCame = (lateness: Lateness, ms: BrokerMs, serverMs: number | null, tsRecv: number): void => {
  if (serverMs === null) {
    const offsetMs = ms - tsRecv / 1000;
    lateness.firstOffsetMs = Math.min(lateness.firstOffsetMs ?? offsetMs, offsetMs);
  }
  if (serverMs === null || ms - serverMs > MOST_LATE_MS) return;
  const { lastMs = null, newestMs, oldestMs } = lateness;
  if (lastMs !== null && lastMs - ms > MOST_LATE_MS) {
    lateness.hasStale = true;
    return;
  }
  if (lastMs === null || ms > lastMs) lateness.lastMs = ms;
  if (oldestMs === null || ms < oldestMs || ms - oldestMs > MOST_LATE_MS) lateness.oldestMs = ms;
  if (newestMs === null || ms > newestMs) lateness.newestMs = ms;
};

/** A connection began: ticks of an earlier one that had no heartbeat are forgotten. */
export const connectionBegan = (lateness: Lateness): void => {
  lateness.firstOffsetMs = null;
};

/** A heartbeat came; `serverMs` is the lesser of its time and the previous one's. */
export const heartbeatCame = (lateness: Lateness, serverMs: number, tsRecv: number): void => {
  const { firstOffsetMs = null } = lateness;
  // Moved to the arrival of the heartbeat, so that the wait for it does not count as lateness.
  const firstMs = firstOffsetMs === null ? serverMs : Math.round(tsRecv / 1000 + firstOffsetMs);
  if (serverMs - firstMs > SURELY_LATE_MS) tickCame(lateness, firstMs as BrokerMs, serverMs, tsRecv);
  lateness.firstOffsetMs = null;
  const { lastMs = null, late, newestMs, oldestMs } = lateness;
  if (oldestMs !== null) lateness.staleBeats = 0;
  else if (lateness.hasStale === true) lateness.staleBeats = (lateness.staleBeats ?? 0) + 1;
  lateness.hasStale = false;
  const isStale = (lateness.staleBeats ?? 0) >= SURE_BEATS;
  if (lastMs !== null && (isStale || lastMs - serverMs > MOST_LATE_MS)) lateness.lastMs = null;
  if (oldestMs === null || newestMs === null) return;
  lateness.oldestMs = null;
  lateness.newestMs = null;
  const mostMs = serverMs - oldestMs;
  const leastMs = serverMs - newestMs;
  if (leastMs <= LEAST_MARGIN_MS) lateness.promptUs = tsRecv;
  while (late.length > 0 && (late[0] as LateStretch).fromUs < tsRecv - STRETCH_US - MEMORY_US) late.shift();
  if (mostMs <= LEAST_MARGIN_MS || mostMs > OUT_OF_SIGHT_MS) return;
  const last = late.at(-1);
  const isStray = last !== undefined && last.mostMs - leastMs > MOST_LATE_MS;
  if (isStray) late.pop();
  if (last === undefined || isStray || tsRecv - last.fromUs >= STRETCH_US)
    late.push({ fromUs: tsRecv, beats: 1, leastMs, mostMs });
  else if (mostMs - last.leastMs <= MOST_LATE_MS) {
    last.beats++;
    if (leastMs < last.leastMs) last.leastMs = leastMs;
    if (mostMs > last.mostMs) last.mostMs = mostMs;
  }
};

const PUNCTUAL: Timing = { marginMs: LEAST_MARGIN_MS, delayMs: 0 };

/** The timing of a symbol's streams, by the ticks so far; `lateness` is null for streams without a symbol. */
export const timingOf = (lateness: Lateness | null, serverMs: number | null, tsRecv: number): Timing => {
  if (lateness === null) return PUNCTUAL;
  const { late, oldestMs, promptUs } = lateness;
  const pendingMs = serverMs === null || oldestMs === null ? 0 : serverMs - oldestMs;
  if (late.length === 0 && pendingMs <= LEAST_MARGIN_MS) return PUNCTUAL;
  let [leastMs, beats, firstUs] = [Number.POSITIVE_INFINITY, 0, tsRecv];
  const lates = [{ mostMs: pendingMs, beats: 1 }];
  for (const stretch of late) {
    if (stretch.fromUs < tsRecv - STRETCH_US - MEMORY_US) continue;
    lates.push(stretch);
    leastMs = Math.min(leastMs, stretch.leastMs);
    beats += stretch.beats;
    firstUs = Math.min(firstUs, stretch.fromUs);
  }
  const throughout = promptUs < tsRecv - MEMORY_US && tsRecv - firstUs >= LEAST_DELAY_MS * 1000;
  const delayed = throughout && beats >= LEAST_DELAY_BEATS && leastMs >= LEAST_DELAY_MS;
  const delayMs = delayed ? leastMs : 0;
  const believed = lates.filter((one) => one.beats >= SURE_BEATS || one.mostMs - delayMs <= MOST_LATE_MS);
  const marginMs = Math.max(LEAST_MARGIN_MS, ...believed.map(({ mostMs }) => mostMs - delayMs));
  return { marginMs, delayMs };
};
