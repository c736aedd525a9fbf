// Makes sure that no other data folder records the account into the same database. In: the account, its tape and the database. Out: the
// lease, or the refusal. A tape is moved aside when another folder has recorded the account since.
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AccountConfig } from '@fxtape/config';
import { type Clock, FxtapeError, type Log } from '@fxtape/ops';
import type { Database, OwnTape, Recorded, RecorderLease } from '@fxtape/questdb';
import type { TapeWriter } from '@fxtape/tape';
import type { TapeMemory } from '../tape/tape-memory.ts';

/** How long a resumed tape waits for the database to say that no other folder records the account. */
const LEASE_MS = 3000;

export interface LeaseOptions {
  readonly lease: Pick<RecorderLease, 'acquire' | 'isFree'>;
  readonly config: AccountConfig;
  readonly database: Pick<Database, 'ready'>;
  /** The tape's folder of this account. */
  readonly dir: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Pick<Log, 'debug' | 'warn'>;
  readonly signal: AbortSignal;
  /** Repeats what fails for a while. */
  readonly until: (what: 'waiting_for_questdb', work: () => Promise<void>) => Promise<void>;
}

/** For a tape that must know what others recorded: waits for the database. Out: the error; null once the account is ours. */
export const leaseNow = (
  { config, database, lease, signal, until }: LeaseOptions,
  tape: OwnTape,
): Promise<unknown> =>
  until('waiting_for_questdb', async () => {
    await database.ready(signal);
    await lease.acquire(recordedOf(config), signal, tape);
  }).then(
    () => null,
    (error: unknown) => error,
  );

/** For a tape that goes on: waits only briefly. Out: the refusal; null if no other folder records the account, or the database is away. */
export const leaseSoon = async (
  { config, database, lease, log, signal }: LeaseOptions,
  tape: OwnTape,
): Promise<unknown> => {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(LEASE_MS)]);
    await database.ready(soon);
    const wanted = recordedOf(config);
    // If no other folder recorded the account, nothing keeps the recording waiting.
    if (!(await lease.isFree([wanted, { ...wanted, feed: tape.feed }], soon)))
      await lease.acquire(wanted, signal, tape);
    return null;
  } catch (error) {
    if (isElsewhere(error)) return error;
    // The lease is acquired before rows are sent.
    log.debug(
      { err: error },
      'cannot check whether another data folder records this account; recording starts anyway',
    );
    return null;
  }
};

const recordedOf = ({ marketData, name }: AccountConfig): Recorded => ({
  account: name,
  feed: marketData?.feed ?? null,
});

/**
 * Moves a tape aside when another folder has recorded the account since. Its unsent rows lie in a gap of that recording, which history may
 * have filled; sending them now could store ticks twice.
 */
export const setAsideOf = (
  { clock, config, dir, log }: LeaseOptions,
  writer: TapeWriter,
  memory: TapeMemory,
) => {
  const setAside = async (): Promise<void> => {
    if (aside.done || !memory.begun) return;
    await writer.close();
    const to = join(dirname(dirname(dir)), 'set-aside', `${config.name}-${clock.nowMs()}`);
    await mkdir(dirname(to), { recursive: true });
    await rename(dir, to);
    aside.done = true;
    log.warn(
      { to },
      'another data folder recorded this account meanwhile; its tape here was moved to set-aside, and a new tape begins',
    );
  };
  const tape: OwnTape = { feed: memory.ledger.state.feed, setAside };
  const aside = { done: false, tape };
  return aside;
};

export const isElsewhere = (error: unknown): error is FxtapeError =>
  error instanceof FxtapeError && error.code === 'ACCOUNT_RECORDED_ELSEWHERE';
