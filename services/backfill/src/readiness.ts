// Whether this process can work, and if not, why. In: the state of the database and the queue. Out: reasons, one sentence each.
import type { JobWorkers } from '@fxtape/jobs';
import type { FxtapeError, Readiness as Answer } from '@fxtape/ops';
import type { AppliedState, WriterState } from '@fxtape/questdb';

type Workers = Pick<JobWorkers, 'connected' | 'state'>;

/** Shorter absences of a gateway are not reported. */
const AWAY_MS = 5000;

export class Readiness {
  #migrated = false;
  #workers: Workers | null = null;
  readonly #writers = new Map<string, WriterState>();
  #applied: AppliedState | null = null;

  migrated(): void {
    this.#migrated = true;
  }

  watch(workers: Workers): void {
    this.#workers = workers;
  }

  writer(state: WriterState): void {
    this.#writers.set(state.table, state);
  }

  applied(state: AppliedState): void {
    this.#applied = state;
  }

  /** `paused`: tables are being corrected. */
  now(nowMs: number, paused: FxtapeError | null = null): Answer {
    const reasons: string[] = [];
    if (paused !== null) return { ready: false, reasons: [paused.toLine()] };
    if (!this.#migrated) reasons.push('the tables are not up to date yet: QuestDB does not answer');
    else if (this.#workers?.connected() !== true)
      reasons.push('Redis does not answer: no job can be started');
    for (const { account, away } of this.#workers?.state() ?? []) {
      if (away === null || away.endedMs !== null || nowMs - away.sinceMs < AWAY_MS) continue;
      const since = new Date(away.sinceMs).toISOString();
      reasons.push(`${account}: the gateway has not served it since ${since}, its jobs wait: ${away.line}`);
    }
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
