// Whether this process does its work, and why not. In: what database and queue say. Out: reasons, one sentence each.
import type { JobWorkers } from '@fxtape/jobs';
import type { FxtapeError, Readiness as Answer } from '@fxtape/ops';
import type { AppliedState, WriterState } from '@fxtape/questdb';

export class Readiness {
  #migrated = false;
  #workers: Pick<JobWorkers, 'connected'> | null = null;
  readonly #writers = new Map<string, WriterState>();
  #applied: AppliedState | null = null;

  migrated(): void {
    this.#migrated = true;
  }

  watch(workers: Pick<JobWorkers, 'connected'>): void {
    this.#workers = workers;
  }

  writer(state: WriterState): void {
    this.#writers.set(state.table, state);
  }

  applied(state: AppliedState): void {
    this.#applied = state;
  }

  /** `paused`: tables are being corrected. */
  now(paused: FxtapeError | null = null): Answer {
    const reasons: string[] = [];
    if (paused !== null) return { ready: false, reasons: [paused.toLine()] };
    if (!this.#migrated) reasons.push('the tables are not up to date yet: QuestDB does not answer');
    else if (this.#workers?.connected() !== true) reasons.push('Redis does not answer: no job can be taken');
    for (const state of this.#writers.values()) {
      if (state.phase !== 'ok') reasons.push(`${state.table}: ${state.code}: ${state.message}`);
    }
    const applied = this.#applied;
    if (applied !== null && (applied.phase === 'suspended' || applied.phase === 'unreachable')) {
      reasons.push(`${applied.code}: ${applied.message}`);
    }
    return { ready: reasons.length === 0, reasons };
  }
}
