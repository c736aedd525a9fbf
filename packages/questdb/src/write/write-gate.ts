// Whether rows may be written now. `fxtape clock apply` replaces tables, and a row that was made with the old rule before must not reach the
// new ones. In: the newest rows of `clock_applies`, looked at each second. Out: passes, one after the other, each with a signal:
//
//   enter ──nobody pauses──► pass ──a pause, seen or missed──► its signal is aborted ──► enter again: waits until it is over
//
// What is made during a pass is written during that pass or made anew. A process that could not look for 5 s does not write, so that whoever
// pauses has to wait and to ask nobody, wherever the writers are and whenever they started. What waited is written when a look shows that
// nobody paused meanwhile.
import { type Clock, pauseOrThrow, FxtapeError, type Log, pause } from '@fxtape/ops';
import { type ApplyStepRow, pausedStep, applyUnderWay } from '../schema/apply-steps.ts';
import type { Obstacle } from './deliver-rows.ts';
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';

const LOOK_EVERY_MS = 1000;
/** How long a check is valid. */
const GOOD_MS = 5000;
const LOOK_MS = 3000;
/** After a pause was written, and all of this has passed, no pass of before writes any more: a look, its age, a request under way. */
export const PAUSE_REACHES_MS = GOOD_MS + LOOK_MS + 4000;

/** A correction that took place: rows of this server are as `rule` has them. */
export interface AppliedRule {
  readonly applyId: string;
  readonly rule: string;
  /** When, UTC microseconds. */
  readonly us: number;
}

export interface Pass {
  /** Aborted when what is in hand must be dropped. */
  readonly signal: AbortSignal;
  /** The newest correction of each server. */
  readonly applied: ReadonlyMap<string, AppliedRule>;
}

interface Look {
  readonly paused: { readonly applyId: string; readonly us: number } | null;
  /** Time of the newest pause, over or not. */
  readonly pauseUs: number;
  readonly applied: ReadonlyMap<string, AppliedRule>;
}

export interface WriteGateOptions {
  readonly http: Pick<QuestDbHttp, 'exec'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Another check that must pass before anything is written. */
  readonly look?: (signal: AbortSignal) => Promise<void>;
}

export class WriteGate {
  readonly #o: WriteGateOptions;
  #look: Look | null = null;
  #lookedMs = { mono: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  #pass: { controller: AbortController; pauseUs: number } | null = null;
  #watching = false;
  #said = '';

  constructor(options: WriteGateOptions) {
    this.#o = options;
  }

  /** The correction that everything waits for; null when there is none. */
  get paused(): FxtapeError | null {
    const paused = this.#look?.paused ?? null;
    return paused === null ? null : applyUnderWay(paused.applyId, paused.us);
  }

  /** Looks until the signal is aborted; a second call does nothing. */
  watch(signal: AbortSignal): void {
    if (this.#watching) return;
    this.#watching = true;
    void this.#watch(signal);
  }

  /** Resolves when rows may be made and written. One pass serves all who enter while it lasts. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<Pass> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#look !== null && this.#look.paused === null && this.#isGood()) {
        if (this.#pass === null || this.#pass.controller.signal.aborted)
          this.#pass = { controller: new AbortController(), pauseUs: this.#look.pauseUs };
        return { signal: this.#pass.controller.signal, applied: this.#look.applied };
      }
      await pauseOrThrow(this.#o.clock, 100, signal);
    }
  }

  /** For the writer, before each request: what stands in the way, or null. */
  readonly check = (): Obstacle | null => {
    if (this.#pass !== null && !this.#pass.controller.signal.aborted && this.#isGood()) return null;
    const { code, message } = this.paused ?? noLook();
    return { kind: 'failed', code, message };
  };

  /** The wall clock counts the time that the machine slept, the other one that which somebody set it back. */
  #isGood(): boolean {
    const { clock } = this.#o;
    const wall = clock.nowMs() - this.#lookedMs.wall;
    return clock.monoMs() - this.#lookedMs.mono < GOOD_MS && wall < GOOD_MS && wall > -GOOD_MS;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#o;
    while (!signal.aborted) {
      const began = { mono: clock.monoMs(), wall: clock.nowMs() };
      try {
        const [look] = await Promise.all([this.#ask(signal), this.#o.look?.(signal)]);
        this.#take(look, began);
        this.#say('');
      } catch (error) {
        if (signal.aborted) return;
        this.#say(error instanceof FxtapeError ? error.code : String(error));
        log.debug({ err: error }, 'cannot check whether rows may be written');
      }
      await pause(clock, LOOK_EVERY_MS, signal);
    }
  }

  /** Said when it changes, not every second. */
  #say(trouble: string): void {
    if (trouble === this.#said) return;
    this.#said = trouble;
    if (trouble !== '')
      this.#o.log.warn({ trouble }, 'nothing is written until QuestDB says that writing is allowed');
  }

  #take(look: Look, began: { mono: number; wall: number }): void {
    const { log } = this.#o;
    const before = this.#look?.paused?.applyId ?? null;
    this.#look = look;
    this.#lookedMs = began;
    const { paused } = this;
    if (paused !== null) {
      if (before !== look.paused?.applyId) log.warn({ code: paused.code, hint: paused.hint }, paused.message);
      this.#end(paused);
    } else {
      if (before !== null) log.info({ applyId: before }, 'the correction is over; rows are written again');
      if (this.#pass !== null && this.#pass.pauseUs !== look.pauseUs) this.#end(missedPause());
    }
  }

  #end(reason: FxtapeError): void {
    this.#pass?.controller.abort(reason);
  }

  async #ask(signal: AbortSignal): Promise<Look> {
    const rows = asObjects(
      await this.#o.http.exec(
        `SELECT apply_id, server, step, rule_id, cast(ts as long) us FROM clock_applies ORDER BY ts`,
        { signal, deadlineMs: LOOK_MS },
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

const noLook = (): FxtapeError =>
  new FxtapeError({
    code: 'QDB_UNREACHABLE',
    kind: 'transient',
    message: 'the table `clock_applies` cannot be read, so nothing is written until it can',
    hint: 'Start QuestDB if it is down; fxtape asks again every second',
  });

const missedPause = (): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNDER_WAY',
    kind: 'transient',
    message: '`fxtape clock apply` has just replaced tables; rows in memory are dropped and rebuilt',
    hint: 'Nothing to do: writing resumes by itself',
  });
