// Waits for what keeps a line from becoming rows: a clock rule in doubt, or rows of its feed that other accounts still send. In: the line
// where reading stopped, and why. Out: returns when it may be read again; meanwhile the state says what is waited for.
import { timingsAt, type LedgerState } from '@fxtape/market';
import { pause } from '@fxtape/ops';
import { HoldWatch, type HoldWatchOptions } from '../clock/hold-watch.ts';
import type { Hold, Takeover } from '../rows/tape-reader.ts';
import type { OutflowState } from './outflow-state.ts';

/** After a decision could not be written, the line is read again this much later. */
const AGAIN_MS = 2000;

export interface WaitingOptions extends Omit<HoldWatchOptions, 'says'> {
  /** Resolves when rows of a feed may be sent after those on other tapes. Without it they always may. */
  readonly untilFeedSent?:
    | ((of: Takeover, says: (reason: string) => void, signal: AbortSignal) => Promise<void>)
    | undefined;
}

export class Waiting {
  /** Whether a takeover needs no further wait; undefined when none ever waits. */
  readonly mayTake: ((tsRecv: number) => boolean) | undefined;
  readonly #o: WaitingOptions;
  readonly #state: OutflowState;
  readonly #holds: HoldWatch;
  /** Receive times of takeovers whose wait is over: this database has the rows of the others. */
  readonly #taken = new Set<number>();

  constructor(options: WaitingOptions, state: OutflowState) {
    this.#o = options;
    this.#state = state;
    this.#holds = new HoldWatch({ ...options, says: (phase, reason) => this.#says(phase, reason) });
    this.mayTake = options.untilFeedSent && ((tsRecv) => this.#taken.has(tsRecv));
  }

  /** Another database answers: it may lack rows of other accounts too. */
  startOver(): void {
    this.#taken.clear();
  }

  /** `ledger`: as it stands at the held line. A decision that could not be written on the tape is made again. */
  async until(hold: Hold | Takeover, ledger: LedgerState, signal: AbortSignal): Promise<void> {
    if (hold.why === 'feed') return this.#untilFeedSent(hold, signal);
    const { clean, feed } = ledger;
    const streams = [...ledger.streams.values()].map(({ key }) => key);
    const late = timingsAt(ledger, hold.tsRecv);
    try {
      await this.#holds.wait({ ...hold, clean, feed, streams, late }, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#o.log.warn({ err: error }, 'the decision about waiting lines could not be written; trying again');
      await pause(this.#o.clock, AGAIN_MS, signal);
    }
  }

  async #untilFeedSent(takeover: Takeover, signal: AbortSignal): Promise<void> {
    this.#state.waitsAtUs = takeover.tsRecv;
    try {
      await this.#o.untilFeedSent?.(takeover, (reason) => this.#says('feed_waits', reason), signal);
    } finally {
      this.#state.waitsAtUs = null;
    }
    if (!signal.aborted) this.#taken.add(takeover.tsRecv);
  }

  #says(phase: OutflowState['phase'], reason: string): void {
    this.#state.phase = phase;
    this.#state.reason = reason;
  }
}
