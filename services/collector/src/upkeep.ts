// Keeps a tape small: closed segments are compressed, and removed once they are older than the retention and wholly before
// the confirmed cursor. A failure is logged and tried again; it never stops the recording.
import type { Clock, Log } from '@fxtape/ops';
import { applyRetention, compressClosed } from '@fxtape/tape';
import type { Checkpoints } from './checkpoints.ts';
import { pause } from './outflow.ts';

const EVERY_MS = 60_000;

export const upkeep = async (o: {
  dir: string;
  checkpoints: Checkpoints;
  retentionMs: () => number;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): Promise<void> => {
  while (!o.signal.aborted) {
    await pause(o.clock, EVERY_MS, o.signal);
    if (o.signal.aborted) return;
    try {
      await compressClosed(o.dir);
      const confirmed = o.checkpoints.confirmed;
      if (confirmed === null) continue;
      const olderThanUs = (o.clock.nowMs() - o.retentionMs()) * 1000;
      await applyRetention(o.dir, { olderThanUs, appliedUpTo: confirmed.position });
    } catch (error) {
      o.log.error({ err: error }, 'the tape could not be tidied; trying again');
    }
  }
};
