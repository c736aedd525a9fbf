// Decides whether rows may be written now. `fxtape clock apply` replaces tables, and rows made with the old clock rule must not reach the
// new ones. In: the rows of `clock_applies`, queried every second. Out: write permits, one after the other, each with a signal:
//
//   enter ──nobody pauses──► permit ──a pause, seen or missed──► its signal is aborted ──► enter again: waits until the pause is over
//
// Rows made under a permit are written under that permit or made anew. A process that could not query for 5 s does not write, so whoever
// pauses need not ask the writers: waiting is enough, wherever they run and whenever they started. After such an outage, rows in hand are
// written as soon as a query shows that nobody paused meanwhile.
import { type Clock, pauseOrThrow, FxtapeError, type Log, pause } from '@fxtape/ops';
import { type ApplyStepRow, pausedStep, applyUnderWay } from '../schema/apply-steps.ts';
import type { Obstacle } from './deliver-rows.ts';
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';

const CHECK_EVERY_MS = 1000;
/** How long the answer of a query is valid. */
const VALID_MS = 5000;
const QUERY_MS = 3000;
/** This long after a pause was written, no earlier permit writes any more: a query, the age of its answer, a request under way. */
export const PAUSE_REACHES_MS = VALID_MS + QUERY_MS + 4000;

/** A correction that took place: rows of the broker's server now follow `rule`. */
export interface AppliedRule {
  readonly applyId: string;
  readonly rule: string;
  /** When, UTC microseconds. */
  readonly us: number;
}

export interface WritePermit {
  /** Aborted when rows in hand must be dropped. */
  readonly signal: AbortSignal;
  /** The newest correction of each server. */
  readonly applied: ReadonlyMap<string, AppliedRule>;
}

interface Snapshot {
  readonly paused: { readonly applyId: string; readonly us: number } | null;
  /** Time of the newest pause, over or not. */
  readonly pauseUs: number;
  readonly applied: ReadonlyMap<string, AppliedRule>;
}

export interface WriteGateOptions {
  readonly http: Pick<QuestDbHttp, 'exec'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Another check that must succeed before anything is written. */
  readonly precondition?: (signal: AbortSignal) => Promise<void>;
}

export class WriteGate {
  readonly #o: WriteGateOptions;
  #snapshot: Snapshot | null = null;
  #askedMs = { mono: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  #permit: { controller: AbortController; pauseUs: number } | null = null;
  #watching = false;
  #reported = '';

  constructor(options: WriteGateOptions) {
    this.#o = options;
  }

  /** The correction that writing waits for; null when there is none. */
  get paused(): FxtapeError | null {
    const paused = this.#snapshot?.paused ?? null;
    return paused === null ? null : applyUnderWay(paused.applyId, paused.us);
  }

  /** Queries until the signal is aborted; a second call does nothing. */
  watch(signal: AbortSignal): void {
    if (this.#watching) return;
    this.#watching = true;
    void this.#watch(signal);
  }

  /** Resolves when rows may be made and written. All who enter while a permit lasts share it. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<WritePermit> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#snapshot !== null && this.#snapshot.paused === null && this.#isFresh()) {
        if (this.#permit === null || this.#permit.controller.signal.aborted)
          this.#permit = { controller: new AbortController(), pauseUs: this.#snapshot.pauseUs };
        return { signal: this.#permit.controller.signal, applied: this.#snapshot.applied };
      }
      await pauseOrThrow(this.#o.clock, 100, signal);
    }
  }

  /** For the writer, before each request: why it may not write now, or null. */
  readonly check = (): Obstacle | null => {
    if (this.#permit !== null && !this.#permit.controller.signal.aborted && this.#isFresh()) return null;
    const { code, message } = this.paused ?? unchecked();
    return { kind: 'failed', code, message };
  };

  /** Needs both clocks: the wall clock counts time asleep, the monotonic one does not follow when somebody sets the time. */
  #isFresh(): boolean {
    const { clock } = this.#o;
    const wall = clock.nowMs() - this.#askedMs.wall;
    return clock.monoMs() - this.#askedMs.mono < VALID_MS && wall < VALID_MS && wall > -VALID_MS;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#o;
    while (!signal.aborted) {
      const began = { mono: clock.monoMs(), wall: clock.nowMs() };
      try {
        const [snapshot] = await Promise.all([this.#ask(signal), this.#o.precondition?.(signal)]);
        this.#take(snapshot, began);
        this.#report('');
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error instanceof FxtapeError ? error.code : String(error));
        log.debug({ err: error }, 'cannot check whether rows may be written');
      }
      await pause(clock, CHECK_EVERY_MS, signal);
    }
  }

  /** Logs a trouble when it changes, not every second. */
  #report(trouble: string): void {
    if (trouble === this.#reported) return;
    this.#reported = trouble;
    if (trouble !== '')
      this.#o.log.warn({ trouble }, 'rows wait until QuestDB can be asked whether writing is allowed');
  }

  #take(snapshot: Snapshot, began: { mono: number; wall: number }): void {
    const { log } = this.#o;
    const before = this.#snapshot?.paused?.applyId ?? null;
    this.#snapshot = snapshot;
    this.#askedMs = began;
    const { paused } = this;
    if (paused !== null) {
      if (before !== snapshot.paused?.applyId)
        log.warn({ code: paused.code, hint: paused.hint }, paused.message);
      this.#end(paused);
    } else {
      if (before !== null) log.info({ applyId: before }, 'the correction is over; rows are written again');
      if (this.#permit !== null && this.#permit.pauseUs !== snapshot.pauseUs) this.#end(missedPause());
    }
  }

  #end(reason: FxtapeError): void {
    this.#permit?.controller.abort(reason);
  }

  async #ask(signal: AbortSignal): Promise<Snapshot> {
    const rows = asObjects(
      await this.#o.http.exec(
        `SELECT apply_id, server, step, rule_id, cast(ts as long) us FROM clock_applies ORDER BY ts`,
        { signal, deadlineMs: QUERY_MS },
      ),
    );
    const applied = new Map<string, AppliedRule>();
    const newest = new Map<string, ApplyStepRow>();
    let pauseUs = 0;
    for (const row of rows) {
      const us = Number(row['us']);
      const [applyId, step] = [String(row['apply_id']), String(row['step'])];
      newest.set(applyId, { applyId, step, us });
      if (step === 'paused') pauseUs = us;
      if (step === 'applied')
        applied.set(String(row['server']), { applyId, rule: String(row['rule_id']), us });
    }
    return { paused: pausedStep(newest.values()), pauseUs, applied };
  }
}

const unchecked = (): FxtapeError =>
  new FxtapeError({
    code: 'QDB_UNREACHABLE',
    message: 'the table `clock_applies` cannot be read, so nothing is written until it can',
    hint: 'Start QuestDB if it is down; fxtape asks again every second',
  });

const missedPause = (): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNDER_WAY',
    message: '`fxtape clock apply` has just replaced tables; rows in memory are dropped and rebuilt',
    hint: 'Nothing to do: writing resumes by itself',
  });
