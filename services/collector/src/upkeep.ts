// Keeps a tape small: compresses closed segments, and removes those that are older than the retention and lie before the confirmed cursor.
// Their age counts up to the last moment at which a running broker clock agreed with the machine's, because a machine may start with a clock
// that is years ahead. A segment that fails is logged and tried again; nothing waits for it.
import { type Clock, type Log, pause } from '@fxtape/ops';
import { applyRetention, compressClosed, type TapeWriter } from '@fxtape/tape';
import type { Checkpoints } from './send/checkpoints.ts';
import { readerState } from './rows/tape-reader.ts';

const EVERY_MS = 60_000;

/** When a running clock of any account last agreed with the machine's, as receive time; 0: not yet. */
export interface AgreedTime {
  us: number;
}

export interface UpkeepOptions {
  readonly dir: string;
  readonly tape: Pick<TapeWriter, 'position'>;
  readonly checkpoints: Pick<Checkpoints, 'confirmed'>;
  readonly retentionMs: () => number;
  /** The gateway replays an old day: only the machine's clock shows the time. */
  readonly replayed: boolean;
  readonly agreed: AgreedTime;
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
      o.log.error({ err: error }, 'cannot clean up the tape; trying again in a minute');
    }
  }
};

/** Retention comes first and waits for nothing: it makes the room that compression needs. Throws TAPE_IO. */
export const tidy = async ({
  agreed,
  checkpoints,
  clock,
  dir,
  log,
  replayed,
  retentionMs,
  tape,
}: UpkeepOptions): Promise<void> => {
  const confirmed = checkpoints.confirmed;
  if (confirmed !== null) {
    agreed.us = Math.max(agreed.us, readerState(confirmed.ledger).guard?.agreedUs ?? 0);
    const nowUs = replayed ? clock.nowUs() : Math.min(clock.nowUs(), agreed.us);
    const olderThanUs = nowUs - retentionMs() * 1000;
    await applyRetention(dir, { olderThanUs, appliedUpTo: confirmed.position });
  }
  const { failures } = await compressClosed(dir, tape.position.synced?.segment ?? 0);
  const [first] = failures;
  if (first !== undefined)
    log.error({ err: first, segments: failures.length }, 'some segments stay uncompressed; trying again');
};
