// The pace of a simulation. In: its scenario. Out: how many ticks a turn may make, and when the market waits for its sockets.

import type { Scenario } from './scenario.ts';

/** Ticks made in one turn of the event loop. */
const MOST_TICKS = 8192;
/** Frames that may wait for a socket before the market waits too, where queues never drop. */
const WAIT_ABOVE = 50_000;
const FILE_TICKS = 2000;

export function pace(scenario: Scenario): { maxTicks: number; waitAbove: number | null } {
  const { source, queueFrames } = scenario;
  if (source.kind === 'file' && source.speed === 'max') {
    // Half a queue, so that playing at full speed never makes it drop frames.
    const half = queueFrames === null ? FILE_TICKS : Math.max(1, Math.floor(queueFrames / 2));
    return { maxTicks: Math.min(FILE_TICKS, half), waitAbove: Math.min(FILE_TICKS, half) };
  }
  return { maxTicks: MOST_TICKS, waitAbove: queueFrames === null ? WAIT_ABOVE : null };
}
