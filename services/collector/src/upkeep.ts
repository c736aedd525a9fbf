// Keeps a tape small: closed segments are compressed, and removed once they are older than the retention and wholly before
// the confirmed cursor. Each segment fails alone: it is logged and tried again,
// and neither retention nor the recording waits for it.
import { type Clock, type Log, pause } from '@fxtape/ops';
import { applyRetention, compressClosed, type TapeWriter } from '@fxtape/tape';
import type { Checkpoints } from './checkpoints.ts';

const EVERY_MS = 60_000;

export interface UpkeepOptions {
  readonly dir: string;
  readonly tape: Pick<TapeWriter, 'position'>;
  readonly checkpoints: Pick<Checkpoints, 'confirmed'>;
  readonly retentionMs: () => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs until the signal is aborted. */
export const upkeep = async (o: UpkeepOptions & { readonly signal: AbortSignal }): Promise<void> => {
  while (!o.signal.aborted) {
    await pause(o.clock, EVERY_MS, o.signal);
    if (o.signal.aborted) return;
    try {
      await tidy(o);
    } catch (error) {
      o.log.error({ err: error }, 'cannot tidy the tape; trying again in a minute');
    }
  }
};

/** Retention comes first and waits for nothing: it makes the room that compression needs. Throws TAPE_IO. */
export const tidy = async ({
  checkpoints,
  clock,
  dir,
  log,
  retentionMs,
  tape,
}: UpkeepOptions): Promise<void> => {
  const confirmed = checkpoints.confirmed;
  if (confirmed !== null) {
    const olderThanUs = (clock.nowMs() - retentionMs()) * 1000;
    await applyRetention(dir, { olderThanUs, appliedUpTo: confirmed.position });
  }
  const { failures } = await compressClosed(dir, tape.position.synced?.segment ?? 0);
  const [first] = failures;
  if (first !== undefined)
    log.error({ err: first, segments: failures.length }, 'some segments stay uncompressed; trying again');
};
