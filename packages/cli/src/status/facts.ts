// Everything that `fxtape status` looks at, as it was found: nothing here is judged yet. A part that could not be asked is its error.
import type { CollectorState, JobsAnswer } from '@fxtape/console';
import type { FxtapeError } from '@fxtape/ops';
import type { GapCount } from '@fxtape/questdb';

export interface ServiceFact {
  readonly name: string;
  /** `host:port` that was asked; null when it is not known where to ask. */
  readonly addr: string | null;
  readonly answers: boolean;
  readonly since: string | null;
  /** The `fxtape up` that runs on this data folder keeps it. */
  readonly expected: boolean;
}

export interface TapeFact {
  readonly bytes: number;
  readonly segments: number;
}

export interface StatusFacts {
  readonly atMs: number;
  readonly dataDir: string;
  readonly collector: CollectorState | FxtapeError;
  /** Where the collector was asked; null when it is not known. */
  readonly collectorAddr: string | null;
  readonly services: readonly ServiceFact[];
  readonly questdb: { readonly url: string; readonly version: string } | FxtapeError;
  readonly gaps: readonly GapCount[] | FxtapeError;
  readonly jobs: JobsAnswer | FxtapeError;
  /** Accounts whose bridge offers no past ticks, as far as QuestDB knows. */
  readonly withoutPastTicks: readonly string[];
  /** By account; missing where the tape is on another machine. */
  readonly tapes: ReadonlyMap<string, TapeFact>;
  /** By account: counters a second, since the sample before. */
  readonly rates: ReadonlyMap<string, Rates>;
  /** By feed and symbol: when the newest tick that SQL shows was received, microseconds UTC; of the last day only. */
  readonly newest: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface Rates {
  readonly ticksPerSecond: number;
  readonly framesPerSecond: number;
}
