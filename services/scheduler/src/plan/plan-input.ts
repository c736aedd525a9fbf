// Everything that a plan of one account depends on, as plain values: the same input gives the same plan, in every process. Gathered from
// the configuration, the gateway's clock and QuestDB, never from the queue, so that an emptied queue is simply filled again.
import type { BackfillConfig, Timeframe } from '@fxtape/config';
import type { PlannedJob } from '@fxtape/jobs';
import type { ClockRule, Range, SessionCalendar, StreamKey } from '@fxtape/market';

/** A stream that is configured now. */
export interface ConfiguredSince extends StreamKey {
  /** Configured since, UTC µs; how far back history reaches is counted from here. */
  readonly sinceUs: number;
}

/** A stretch of a stream that is claimed, `[fromUs, toUs)`. */
export interface Claimed extends StreamKey, Range {
  readonly source: string;
}

/** A stretch that the gateway would not give, or gave rows of that no table takes. */
export interface Refusal extends StreamKey, Range {
  /** When it was refused first and last, UTC µs. */
  readonly firstUs: number;
  readonly lastUs: number;
}

/** A deal, or a closed position, that is known by its number and has no row. */
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
  /** The market's now, UTC µs: of a gateway that plays an old day its own. */
  readonly nowUs: number;
  /** The wall clock, UTC µs: what rests are counted by. */
  readonly wallUs: number;
  readonly rule: ClockRule;
  /** Evidence of the broker's clock is due. */
  readonly clockJob: PlannedJob | null;
  /** Nothing is known of the clock yet: nothing that needs it is planned. */
  readonly awaitsClock: boolean;
  readonly backfill: BackfillConfig;
  /** Timeframes whose bars are streamed: a closed bar is told by an event, and read then. */
  readonly streamed: readonly Timeframe[];
  /** Symbols that the broker does not list are left out. */
  readonly streams: readonly ConfiguredSince[];
  readonly coverage: readonly Claimed[];
  /** False: the bridge was found to offer no past ticks. */
  readonly ticksOffered: boolean;
  /** By symbol: when its ticks were configured, by whichever account of the feed. Between two such times nobody recorded them. */
  readonly tickTimes: ReadonlyMap<string, readonly Range[]>;
  /** By `streamId`: nothing lies before. */
  readonly earliest: ReadonlyMap<string, number>;
  readonly unshown: { readonly deals: readonly Unshown[]; readonly positions: readonly Unshown[] };
  /** Streams (by `streamId`) of which the beginning is to be looked at again, and how often it was found. */
  readonly looksDue: ReadonlyMap<string, number>;
  readonly refusals: readonly Refusal[];
  readonly gaps: readonly EndedGap[];
  /** What was planned already on the day `dayOf(wallUs)`. */
  readonly doneToday: ReadonlySet<string>;
  readonly symbolsWithSpec: ReadonlySet<string>;
  /** By symbol: when it trades, where something is known of it. */
  readonly sessions: ReadonlyMap<string, SessionCalendar>;
  /** When stored rows are to be held against their versions, as of this moment of the wall clock, UTC µs; null: not now. */
  readonly auditUs: number | null;
  /** Days that were compared with the broker's: `<symbol> <start µs>`. */
  readonly comparedDays: ReadonlySet<string>;
}

/** A job of the plan. */
export interface Planned<J> {
  readonly job: J;
  /** To be remembered for today once it stands in the queue. */
  readonly marks: readonly string[];
}
