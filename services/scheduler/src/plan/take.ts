// Takes from a plan as many jobs as a queue should hold. In: the plan, and the number of ready jobs of each kind in the queue. Out: jobs. While
// history waits, gaps get at most half of the room and re-reads a quarter, so that a hundred thousand gaps do not block everything else; and
// every kind gets a few, however full the queue is. The rest comes when the queue has room.
import type { PlannedJob } from '@fxtape/jobs';
import type { AccountPlan } from './plan-account.ts';
import type { Planned } from './plan-input.ts';

export const KINDS = ['housekeeping', 'gaps', 'rereads', 'history'] as const;
export type Kind = (typeof KINDS)[number];
export type ByKind = Readonly<Record<Kind, number>>;

export interface Taken {
  readonly jobs: readonly (Planned<PlannedJob> & { readonly kind: Kind })[];
  /** More is left. */
  readonly more: boolean;
}

/** How many of each kind are added to a queue that is full of others. */
const RESERVED = 30;

/** The kind of work that a job belongs to. */
export function kindOf(job: PlannedJob): Kind {
  switch (job.name) {
    case 'heal':
      return 'gaps';
    case 'daily_quality':
      return 'rereads';
    case 'bars':
    case 'deals':
    case 'positions':
    case 'ticks':
      return job.payload.why === 'reread' ? 'rereads' : job.payload.why === 'gap' ? 'gaps' : 'history';
    default:
      return 'housekeeping';
  }
}

export class PlanTaker {
  readonly #sources: Readonly<Record<Kind, Source>>;

  constructor(plan: AccountPlan) {
    this.#sources = {
      housekeeping: new Source(plan.housekeeping),
      gaps: new Source(plan.gaps),
      rereads: new Source(plan.rereads),
      history: new Source(plan.history),
    };
  }

  /** The next jobs: as many as fit into `room`, but of each kind enough to fill its reserve, given what is `ready`. */
  take(room: number, ready: ByKind): Taken {
    const { gaps, history, housekeeping, rereads } = this.#sources;
    const taken: Record<Kind, Planned<PlannedJob>[]> = {
      housekeeping: [],
      gaps: [],
      rereads: [],
      history: [],
    };
    let left = Math.max(0, room);
    const add = (kind: Kind, count: number): void => {
      const some = this.#sources[kind].take(count);
      taken[kind].push(...some);
      left = Math.max(0, left - some.length);
    };
    add('housekeeping', left);
    const rest = left;
    add('gaps', Math.min(left, Math.ceil(rest / 2)));
    add('rereads', Math.min(left, Math.ceil(rest / 4)));
    add('history', left);
    add('gaps', left);
    add('rereads', left);
    for (const kind of KINDS) add(kind, Math.max(0, RESERVED - ready[kind] - taken[kind].length));
    return {
      jobs: KINDS.flatMap((kind) => taken[kind].map((one) => ({ ...one, kind }))),
      more: [housekeeping, gaps, rereads, history].some((source) => source.more),
    };
  }
}

/** Reads a sequence in pieces and knows whether more is left. */
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
