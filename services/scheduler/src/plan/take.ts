// As much of a plan as a queue should hold. In: the plan's kinds of jobs, in the order of their value, and how many may stand in the queue
// at once. Out: jobs, gaps at most half of them and re-reads at most a quarter while history waits too, so that a hundred thousand gaps
// do not keep everything else from being fetched. What is left comes with the next plan, when the queue has room.
import type { PlannedJob } from '@fxtape/jobs';
import type { AccountPlan } from './plan-account.ts';
import type { Planned } from './plan-input.ts';

export interface Taken {
  readonly jobs: Planned<PlannedJob>[];
  /** Something is left. */
  readonly more: boolean;
}

export class PlanTaker {
  readonly #housekeeping: Source;
  readonly #gaps: Source;
  readonly #rereads: Source;
  readonly #history: Source;

  constructor(plan: AccountPlan) {
    this.#housekeeping = new Source(plan.housekeeping);
    this.#gaps = new Source(plan.gaps);
    this.#rereads = new Source(plan.rereads);
    this.#history = new Source(plan.history);
  }

  /** The next jobs, at most so many. */
  take(count: number): Taken {
    const housekeeping = this.#housekeeping.take(count);
    const room = count - housekeeping.length;
    const gaps = this.#gaps.take(Math.ceil(room / 2));
    const rereads = this.#rereads.take(Math.min(Math.ceil(room / 4), room - gaps.length));
    const history = this.#history.take(room - gaps.length - rereads.length);
    let left = room - gaps.length - rereads.length - history.length;
    gaps.push(...this.#gaps.take(left));
    left = room - gaps.length - rereads.length - history.length;
    rereads.push(...this.#rereads.take(left));
    const sources = [this.#housekeeping, this.#gaps, this.#rereads, this.#history];
    return {
      jobs: [...housekeeping, ...gaps, ...rereads, ...history],
      more: sources.some((source) => source.more),
    };
  }
}

/** A sequence that is read piece by piece, and tells whether anything is left. */
class Source {
  readonly #rest: Iterator<Planned<PlannedJob>>;
  #next: IteratorResult<Planned<PlannedJob>>;

  constructor(items: Iterable<Planned<PlannedJob>>) {
    this.#rest = items[Symbol.iterator]();
    this.#next = this.#rest.next();
  }

  get more(): boolean {
    return this.#next.done !== true;
  }

  take(count: number): Planned<PlannedJob>[] {
    const taken: Planned<PlannedJob>[] = [];
    while (taken.length < count && this.#next.done !== true) {
      taken.push(this.#next.value);
      this.#next = this.#rest.next();
    }
    return taken;
  }
}
