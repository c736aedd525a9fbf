// Everything that the plan of one account depends on, as plain values: the same input gives the same plan in every process. It comes from the
// configuration, the gateway's clock and QuestDB, never from the queue, so that an emptied queue is simply filled again.
import type { BackfillConfig, Timeframe } from '@fxtape/config';
import type { PlannedJob } from '@fxtape/jobs';
import type { ClockRule, Range, SessionCalendar, StreamKey } from '@fxtape/market';

/** A stream that is configured now. */
export interface ConfiguredSince extends StreamKey {
  /** Configured since, UTC µs; the depth of history counts from here. */
  readonly sinceUs: number;
}

/** A range of a stream that coverage claims, `[fromUs, toUs)`. */
export interface Claimed extends StreamKey, Range {
  readonly source: string;
}

/** A range that the gateway refused, or answered with rows that no table accepts. */
export interface Refusal extends StreamKey, Range {
  /** First and last refusal, UTC µs. */
  readonly firstUs: number;
  readonly lastUs: number;
}

/** A deal or a closed position that is known by number and has no row. */
export interface Unshown {
  /** Decimal text. */
  readonly id: string;
  readonly atUs: number;
}

/** An open gap that has an end. */
export interface EndedGap extends Range {
  readonly gapId: string;
  readonly stream: string;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly timeframe: string | null;
  readonly cause: string;
}

export interface PlanInput {
  readonly account: string;
  readonly feed: string | null;
  /** The market's now, UTC µs; a replayed gateway has its own. */
  readonly nowUs: number;
  /** The wall clock, UTC µs, by which refusals rest. */
  readonly wallUs: number;
  readonly rule: ClockRule;
  /** Set when evidence about the broker's clock is due. */
  readonly clockJob: PlannedJob | null;
  /** The clock is unknown: nothing that needs it is planned. */
  readonly awaitsClock: boolean;
  readonly backfill: BackfillConfig;
  /** Timeframes whose bars are streamed: an event reports a closed bar, which is then read. */
  readonly streamed: readonly Timeframe[];
  /** Without symbols that the broker does not list. */
  readonly streams: readonly ConfiguredSince[];
  readonly coverage: readonly Claimed[];
  /** False: the bridge was found to offer no past ticks. */
  readonly ticksOffered: boolean;
  /** By symbol: when any account of the feed was configured to record its ticks. */
  readonly tickTimes: ReadonlyMap<string, readonly Range[]>;
  /** By `streamId`: the beginning of the broker's history. */
  readonly earliest: ReadonlyMap<string, number>;
  readonly unshown: { readonly deals: readonly Unshown[]; readonly positions: readonly Unshown[] };
  /** By `streamId`: streams whose beginning is to be checked again, and how often it was found. */
  readonly looksDue: ReadonlyMap<string, number>;
  readonly refusals: readonly Refusal[];
  readonly gaps: readonly EndedGap[];
  /** Done keys: once-a-day work that was planned already on the day `dayOf(wallUs)`. */
  readonly doneToday: ReadonlySet<string>;
  readonly symbolsWithSpec: ReadonlySet<string>;
  /** By symbol: its trading hours, where known. */
  readonly sessions: ReadonlyMap<string, SessionCalendar>;
  /** An audit is due, as of this time of the wall clock, UTC µs; null: it is not. */
  readonly auditUs: number | null;
  /** Days that were compared with the broker's count: `<symbol> <start µs>`. */
  readonly comparedDays: ReadonlySet<string>;
}

/** A job of the plan. */
export interface Planned<J> {
  readonly job: J;
  /** Added to `doneToday` once the job is in the queue. */
  readonly doneKeys: readonly string[];
}
