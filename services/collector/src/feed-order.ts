// Keeps the rows of a feed in order when the feed passes from one account to another: the rows of the new account follow those that the tapes
// of other accounts still hold. Otherwise history would fill the gap between the two, and the ticks of such a tape would then be stored a second
// time. In: the configured accounts, and how to wait for the former ones. Out: the end of the wait, and a sentence that names the account which
// is waited for. An account waits only for lines older than its takeover, so accounts that swap their feeds never wait for each other.
import { type Clock, type Log, type PartFailure, pause } from '@fxtape/ops';
import { readCursor } from '@fxtape/tape';
import { join } from 'node:path';
import { type Checkpoint, Checkpoints } from './checkpoints.ts';
import type { OutflowState } from './outflow.ts';
import { remembering, type TapeMemory } from './tape-memory.ts';
import type { Takeover } from './tape-reader.ts';

const LOOK_MS = 1000;
/** After so many failures in a row a tape counts as one that cannot be read. */
const MOST_FAILURES = 6;

/** A configured account. */
export interface Neighbour {
  readonly config: { readonly name: string };
  readonly failures: readonly PartFailure[];
  /** Null while it has not begun. */
  readonly parts: {
    readonly memory: Pick<TapeMemory, 'tickedUs'>;
    readonly outflow: { readonly state: Pick<OutflowState, 'appliedTsRecv' | 'phase'> };
    readonly checkpoints: { readonly confirmed: Checkpoint | null };
  } | null;
}

export interface FeedOrderOptions {
  /** The folder with a tape for each account. */
  readonly tapes: string;
  readonly accounts: () => Iterable<Neighbour>;
  /** Resolves when the tapes of former accounts have no rows of a feed left to send, or the signal is aborted. */
  readonly retired: (feed: string, signal: AbortSignal) => Promise<void>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly log: Pick<Log, 'warn'>;
}

export class FeedOrder {
  readonly #o: FeedOrderOptions;

  constructor(options: FeedOrderOptions) {
    this.#o = options;
  }

  /** Resolves when no other tape holds rows that come before those of this account, or the signal is aborted. */
  async sent(
    account: string,
    of: Omit<Takeover, 'why'>,
    says: (reason: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, log, retired } = this.#o;
    const ticked = new Map<string, number>();
    for (let told = ''; !signal.aborted; await pause(clock, LOOK_MS, signal)) {
      // An account that is removed from the configuration, or added again, moves from one group to the other.
      let other = await this.#unsent(account, of, ticked);
      if (other === null) {
        await retired(of.feed, signal);
        await pause(clock, 0, signal);
        other = await this.#unsent(account, of, ticked);
      }
      if (other === null || signal.aborted) return;
      const reason = reasonOf(of.feed, other);
      if (reason !== told) log.warn({ code: 'FEED_WAITS', feed: of.feed, other }, `rows wait: ${reason}`);
      told = reason;
      says(reason);
    }
  }

  /** An account whose tape has ticks of the feed, older than the takeover, that the database may lack. Null: there is none. */
  async #unsent(
    account: string,
    { feed, tsRecv }: Omit<Takeover, 'why'>,
    ticked: Map<string, number>,
  ): Promise<string | null> {
    for (const { config, failures, parts } of this.#o.accounts()) {
      const { name } = config;
      if (name === account || failures.some(cannotBeRead)) continue;
      const dir = join(this.#o.tapes, name);
      // No tick that is older than the takeover is added to a tape any more.
      const tickedUs = ticked.get(name) ?? parts?.memory.tickedUs(feed) ?? (await tickedOn(name, dir, feed));
      ticked.set(name, tickedUs);
      if (tickedUs === 0) continue;
      const sentUs = parts === null ? await confirmedOn(dir) : appliedBy(parts);
      if (Math.min(tickedUs, tsRecv) > sentUs) return name;
    }
    return null;
  }
}

const reasonOf = (feed: string, other: string): string =>
  `the tape of "${other}" has older ticks of the feed "${feed}" that QuestDB lacks, and they go first; see the state of "${other}", or take it out of the configuration`;

/** A tape that cannot be read delays no other. */
const tickedOn = async (name: string, dir: string, feed: string): Promise<number> => {
  const memory = await remembering(name, dir).catch(() => null);
  return memory?.tickedUs(feed) ?? 0;
};

const confirmedOn = async (dir: string): Promise<number> => {
  const cursor = await readCursor(dir).catch(() => null);
  return confirmedUs(new Checkpoints(dir, cursor).confirmed);
};

/** Receive time of a line that is known to stand before the confirmed place. */
const confirmedUs = (at: Checkpoint | null): number =>
  at === null ? 0 : Math.max(at.position.segment, at.witness?.atUs ?? 0);

/** While sending is about to begin, what was sent before may have gone to another database. */
const appliedBy = ({ checkpoints, outflow }: NonNullable<Neighbour['parts']>): number => {
  const { appliedTsRecv, phase } = outflow.state;
  return Math.max(confirmedUs(checkpoints.confirmed), phase === 'paused' ? 0 : (appliedTsRecv ?? 0));
};

/** Nothing of a tape can be sent while it cannot be read. A full disk, or another process that has it open, passes. */
export const cannotBeRead = ({ code, part, times }: PartFailure): boolean =>
  part === 'sending' && times >= MOST_FAILURES && /^TAPE_(IO|FORMAT)$/.test(code);
