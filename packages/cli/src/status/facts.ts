// The facts of `fxtape status`, before any judgement. A part that could not be queried is its error.
import type { CollectorState, JobsAnswer } from '@fxtape/console';
import type { FxtapeError } from '@fxtape/ops';
import type { GapCount } from '@fxtape/questdb';
import type { LastBackup } from '../backup/notes.ts';
import type { DiskFact } from './disk.ts';

export interface ServiceFact {
  readonly name: string;
  /** `host:port`; null when it is not known. */
  readonly addr: string | null;
  readonly answers: boolean;
  readonly since: string | null;
  /** The `fxtape up` on this data folder runs it. */
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
  /** The collector's address; null when it is not known. */
  readonly collectorAddr: string | null;
  readonly services: readonly ServiceFact[];
  readonly questdb: { readonly url: string; readonly version: string } | FxtapeError;
  readonly gaps: readonly GapCount[] | FxtapeError;
  readonly jobs: JobsAnswer | FxtapeError;
  /** Accounts whose bridge offers no past ticks, as far as QuestDB knows. */
  readonly withoutPastTicks: readonly string[];
  /** The last backup of this data folder; null when none was made. */
  readonly backup: LastBackup | null;
  /** Null: the data folder does not exist here. */
  readonly disk: DiskFact | null;
  /** By account; missing where the tape is on another machine. */
  readonly tapes: ReadonlyMap<string, TapeFact>;
  /** By account: counts per second since the last sample. */
  readonly rates: ReadonlyMap<string, Rates>;
  /** By feed and symbol: receive time of the newest tick that SQL shows, microseconds UTC; last day only. */
  readonly newest: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface Rates {
  readonly ticksPerSecond: number;
  readonly framesPerSecond: number;
}
