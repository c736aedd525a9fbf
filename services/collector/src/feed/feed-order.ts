// Keeps the rows of a feed in order when another account takes it over: rows that other tapes still hold go first. Otherwise history would
// fill the gap between the two accounts, and the ticks of such a tape would be stored a second time. In: the accounts with a tape here,
// configured or former. Out: the end of the wait, and a sentence that names the account it waits for. An account waits only for lines older
// than its takeover, so accounts that swap their feeds never wait for each other.
import { abortable, type Clock, type Log, type PartFailure, pause } from '@fxtape/ops';
import { readCursor } from '@fxtape/tape';
import { join } from 'node:path';
import { type Checkpoint, Checkpoints } from '../send/checkpoints.ts';
import type { OutflowState } from '../send/outflow-state.ts';
import { remembering, type TapeMemory } from '../tape/tape-memory.ts';
import type { Takeover } from '../rows/tape-reader.ts';

const LOOK_MS = 1000;
/** A tape that was unreadable this many times in a row is not waited for any more. */
const MOST_MISSES = 60;
const FREE_POLL_MS = 50;
/** After this many failures in a row a tape counts as unreadable. */
const MOST_FAILURES = 6;

type OrderedState = Pick<OutflowState, 'appliedTsRecv' | 'phase' | 'readTsRecv' | 'waitsAtUs'>;

/** An account with a tape. */
export interface Neighbour {
  readonly config: { readonly name: string };
  readonly failures: readonly PartFailure[];
  /** The feed whose socket this account holds open; null if none. */
  readonly openFeed: string | null;
  /** Null while its tape is not being sent. */
  readonly parts: {
    readonly memory: Pick<TapeMemory, 'tickedUs'>;
    readonly outflow: { readonly state: OrderedState };
    readonly checkpoints: { readonly confirmed: Checkpoint | null };
  } | null;
  /**
   * Receive time up to which the present database has this tape's rows, as known when the tape was closed, microseconds. 0: not known.
   * Infinity: nobody needs to wait for this tape.
   */
  readonly appliedUs: number;
}

export interface FeedOrderOptions {
  /** The folder with a tape for each account. */
  readonly tapes: string;
  /** All accounts with a tape here. One that changes between configured and former may be absent for a moment. */
  readonly accounts: () => Iterable<Neighbour>;
  /** Whether a cursor counts for the database of now: this one confirmed it, and still has the row that it names. */
  readonly knows: (checkpoints: Checkpoints, signal: AbortSignal) => Promise<boolean>;
  /** Resolves when `accounts` also lists those that are no longer configured. */
  readonly listed: Promise<void>;
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  readonly log: Pick<Log, 'warn'>;
}

/** Receive time of a tape's newest tick of the feed, microseconds; or how often it could not be read. */
type Ticked = { readonly us: number } | { readonly misses: number };

export class FeedOrder {
  readonly #o: FeedOrderOptions;

  constructor(options: FeedOrderOptions) {
    this.#o = options;
  }

  /** Resolves when no other account's socket is open for the feed. @throws the signal's reason. */
  async untilFree(account: string, feed: string, signal: AbortSignal): Promise<void> {
    const isTaken = (): boolean =>
      [...this.#o.accounts()].some(({ config, openFeed }) => openFeed === feed && config.name !== account);
    while (isTaken()) {
      await pause(this.#o.clock, FREE_POLL_MS, signal);
      signal.throwIfAborted();
    }
  }

  /** Resolves when no other tape holds rows that come before those of this account, or the signal is aborted. */
  async untilSent(
    account: string,
    of: Omit<Takeover, 'why'>,
    says: (reason: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, listed, log } = this.#o;
    await abortable(listed, signal).catch(() => {});
    const ticked = new Map<string, Ticked>();
    for (let told = ''; !signal.aborted; await pause(clock, LOOK_MS, signal)) {
      let other = await this.#unsent(account, of, ticked, signal);
      if (other === null) {
        await pause(clock, 0, signal);
        other = await this.#unsent(account, of, ticked, signal);
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
    ticked: Map<string, Ticked>,
    signal: AbortSignal,
  ): Promise<string | null> {
    for (const neighbour of this.#o.accounts()) {
      const { appliedUs, config, failures, parts } = neighbour;
      const { name } = config;
      if (name === account || appliedUs >= tsRecv || failures.some(cannotBeRead)) continue;
      const dir = join(this.#o.tapes, name);
      // No tick older than the takeover is added to a tape any more, so the first answer stays right.
      const known = ticked.get(name);
      const newest =
        known !== undefined && 'us' in known
          ? known
          : parts === null
            ? await tickedOn(name, dir, feed, known?.misses ?? 0)
            : { us: parts.memory.tickedUs(feed) };
      ticked.set(name, newest);
      if ('misses' in newest) {
        if (newest.misses < MOST_MISSES) return name;
        continue;
      }
      const neededUs = Math.min(newest.us, tsRecv);
      if (newest.us === 0 || neededUs <= appliedUs) continue;
      if (neededUs > (parts === null ? await this.#confirmedOn(dir, signal) : appliedBy(parts))) return name;
    }
    return null;
  }

  async #confirmedOn(dir: string, signal: AbortSignal): Promise<number> {
    try {
      const checkpoints = new Checkpoints(dir, await readCursor(dir));
      return (await this.#o.knows(checkpoints, signal)) ? confirmedUs(checkpoints.confirmed) : 0;
    } catch {
      return 0; // not known now; asked again
    }
  }
}

const reasonOf = (feed: string, other: string): string =>
  `the tape of "${other}" has older ticks of the feed "${feed}" that QuestDB may lack, and they go first; if "${other}" is configured, see its state or remove it from the configuration, otherwise see its lines in the collector's log`;

const tickedOn = async (name: string, dir: string, feed: string, misses: number): Promise<Ticked> => {
  try {
    return { us: (await remembering(name, dir)).tickedUs(feed) };
  } catch {
    return { misses: misses + 1 }; // tried again; in the end it delays no other
  }
};

/** Receive time of a line before the confirmed place. The time of a coverage row is by the broker's clock, and does not count. */
const confirmedUs = (at: Checkpoint | null): number => {
  const { position, witness } = at ?? {};
  const witnessUs = witness?.table === 'coverage' ? 0 : (witness?.atUs ?? 0);
  return Math.max(position?.segment ?? 0, witnessUs);
};

/** While sending has not begun, earlier rows may have gone to another database. */
const appliedBy = ({ checkpoints, outflow }: NonNullable<Neighbour['parts']>): number => {
  const { appliedTsRecv, phase, readTsRecv, waitsAtUs } = outflow.state;
  if (phase === 'paused') return 0;
  // Of accounts that wait for each other, the one with the earliest takeover goes on: the others have nothing that is older.
  const isWhole = waitsAtUs !== null && (readTsRecv ?? 0) <= (appliedTsRecv ?? 0);
  return Math.max(confirmedUs(checkpoints.confirmed), appliedTsRecv ?? 0, isWhole ? waitsAtUs - 1 : 0);
};

/** The tape cannot be read, so nothing of it can be sent. A full disk or a lock held by another process does not count: they pass. */
export const cannotBeRead = ({ code, part, times }: PartFailure): boolean =>
  part === 'sending' && times >= MOST_FAILURES && /^TAPE_(IO|FORMAT)$/.test(code);
