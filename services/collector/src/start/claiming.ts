// Whether this data folder may record an account, or another one records it into the same database. In: the account, its tape and the
// database. Out: a lease, or the refusal; and a tape that another folder has overtaken is moved aside.
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AccountConfig } from '@fxtape/config';
import { type Clock, FxtapeError, type Log } from '@fxtape/ops';
import type { Database, OwnTape, Recorded, RecorderLease } from '@fxtape/questdb';
import type { TapeWriter } from '@fxtape/tape';
import type { TapeMemory } from '../tape/tape-memory.ts';

/** How long a resumed tape waits for the database to say that no other folder records the account. */
const CLAIM_MS = 3000;

export interface Claiming {
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

/** For a tape that must know what others recorded. Out: the error that prevents it; null if the account is ours. */
export const claimNow = (
  { config, database, lease, signal, until }: Claiming,
  tape: OwnTape,
): Promise<unknown> =>
  until('waiting_for_questdb', async () => {
    await database.ready(signal);
    await lease.acquire(recordedOf(config), signal, tape);
  }).then(
    () => null,
    (error: unknown) => error,
  );

/** Out: the refusal, if another data folder records this account into the database; null if none does, or if the database is away. */
export const claimSoon = async (
  { config, database, lease, log, signal }: Claiming,
  tape: OwnTape,
): Promise<unknown> => {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(CLAIM_MS)]);
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
 * Moves a tape aside if another folder has recorded the account since: its rows that are not in the database lie in a gap of that
 * recording, and history may have added them since.
 */
export const setAsideOf = ({ clock, config, dir, log }: Claiming, writer: TapeWriter, memory: TapeMemory) => {
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
