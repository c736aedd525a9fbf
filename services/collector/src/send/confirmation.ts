// Follows rows from "QuestDB answered" to "queries can see them". In: batches as QuestDB answers for them. Out: once a second, what is
// answered becomes applied; then its coverage is written and the cursor moves. Coverage never runs ahead of its rows.
import { type Rows, STREAMED } from '@fxtape/market';
import { type Clock, type Log, pause } from '@fxtape/ops';
import type { AppliedWatch, TableWriter } from '@fxtape/questdb';
import type { Position } from '@fxtape/tape';
import type { Checkpoints } from './checkpoints.ts';
import type { OutflowState } from './outflow-state.ts';
import { UnsentCoverage } from './unsent-coverage.ts';
import { newer, type Witness, witnessOf } from './witness.ts';

/** Tables that live rows go to. Coverage follows once these are applied. */
export const ROW_TABLES = [...STREAMED.map(({ table }) => table), 'rejected', 'gap_events'] as const;
const APPLIED_EVERY_MS = 1000;

export interface ConfirmationOptions {
  readonly checkpoints: Checkpoints;
  readonly writer: Pick<TableWriter, 'submit'>;
  readonly applied: Pick<AppliedWatch, 'tokens' | 'waitApplied'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Confirmed = Pick<OutflowState, 'answeredTsRecv' | 'appliedTsRecv'>;

export interface Answered {
  readonly rows: Rows;
  /** Rows of them that QuestDB refused for good. */
  readonly condemned: ReadonlySet<unknown>;
  /** Receive time of the newest line that they come from. */
  readonly lastTsRecv: number | null;
  /** Where sending can resume behind them. */
  readonly checkpoint: { readonly ledger: unknown; readonly position: Position } | null;
}

export class Confirmation {
  readonly coverage = new UnsentCoverage();
  readonly #o: ConfirmationOptions;
  readonly #state: Confirmed;
  #answeredMs = Number.NEGATIVE_INFINITY;
  /** The newest row that was answered for, in this reading or before it. */
  #witness: Witness | null = null;
  /** Increased when sending starts over at the oldest line: a wait for applied rows that began before proves nothing. */
  #generation = 0;

  constructor(options: ConfirmationOptions, state: Confirmed) {
    this.#o = options;
    this.#state = state;
  }

  /** Sending resumes at the confirmed cursor. */
  resume(): void {
    this.#witness = this.#o.checkpoints.confirmed?.witness ?? null;
  }

  /** Another database answers: it has none of what was sent so far. */
  startOver(): void {
    this.coverage.clear();
    this.#generation++;
    this.#answeredMs = Number.NEGATIVE_INFINITY;
    this.#state.answeredTsRecv = this.#state.appliedTsRecv = null;
  }

  answered({ checkpoint, condemned, lastTsRecv, rows }: Answered): void {
    this.#answeredMs = this.#o.clock.monoMs();
    if (lastTsRecv !== null) this.#state.answeredTsRecv = lastTsRecv;
    this.#witness = newer(this.#witness, witnessOf(rows, condemned));
    if (checkpoint !== null)
      this.#o.checkpoints.answered({
        ...checkpoint,
        answeredMs: this.#answeredMs,
        witness: this.#witness,
      });
    this.coverage.add(rows.coverage);
  }

  /** Runs until the signal is aborted. `passing`: the signal of the present reading. */
  async run(signal: AbortSignal, passing: () => AbortSignal): Promise<void> {
    const { applied, checkpoints, clock, log, writer } = this.#o;
    let doneMs = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      await pause(clock, APPLIED_EVERY_MS, signal);
      const answeredMs = this.#answeredMs;
      const reading = passing();
      if (reading.aborted || answeredMs === doneMs) continue;
      const { answeredTsRecv } = this.#state;
      const generation = this.#generation;
      const coverage = this.coverage.take();
      try {
        const until = { signal: reading };
        await applied.waitApplied(await applied.tokens(ROW_TABLES, until), until);
        if (coverage.length > 0) await writer.submit('coverage', coverage, until);
        if (reading.aborted || generation !== this.#generation) continue;
        this.#state.appliedTsRecv = answeredTsRecv;
        await checkpoints.confirm(answeredMs, clock.monoMs());
        doneMs = answeredMs;
      } catch (error) {
        if (reading.aborted) continue;
        this.coverage.putBack(coverage);
        log.warn({ err: error }, 'cannot check yet which rows are applied; asking again');
      }
    }
  }
}
