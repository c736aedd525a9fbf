// What one stream is missing: wanted − claimed − what lies before the beginning of the broker's history − what was refused recently. In: the
// plan's input, indexed by stream. Out: sorted, disjoint ranges, holes in the middle as well as both ends.
import type { Depth } from '@fxtape/config';
import {
  brokerMs,
  closedUntil,
  type Range,
  streamId,
  type StreamKey,
  subtract,
  unite,
  utcMs,
} from '@fxtape/market';
import { type CellOf, cellsOf, isTimeframe } from './grid.ts';
import type { ConfiguredSince, PlanInput, Refusal } from './plan-input.ts';

const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
/** Deals and closed positions are requested up to this long before now. */
const ACCOUNT_GRACE_US = 2 * MINUTE_US;
/** The newest end of a streamed timeframe is read when its events arrive; without events, when this much is missing. */
const STREAMED_HEAD_US = 5 * MINUTE_US;
/** The same while the symbol is known to be closed, when no events and no rows are expected. */
const SHUT_HEAD_US = 6 * HOUR_US;
/** While the beginning of history is unknown: how many cells to request before the oldest known one (half as many as are known). */
const FEWEST_CELLS = 1;
const MOST_CELLS = 4;

export interface StreamNeed {
  readonly key: ConfiguredSince;
  readonly cellOf: CellOf;
  readonly wanted: Range;
  /** Claimed by history (ticks: by any source), united. */
  readonly claimed: readonly Range[];
  readonly missing: readonly Range[];
  /** The newest end, if it is left to the events for now. */
  readonly deferred: Range | null;
  /** Refusals that have rested: `missing` contains their ranges again. */
  readonly retried: readonly Refusal[];
  /** All history is wanted and its beginning is unknown: more is planned once this was read. */
  readonly searching: boolean;
}

/** The input by stream, computed once per plan. */
export interface StreamIndex {
  readonly claimed: ReadonlyMap<string, readonly Range[]>;
  /** Start of the newest live range. */
  readonly liveFromUs: ReadonlyMap<string, number>;
  readonly withheld: (key: StreamKey) => Range[];
  readonly retried: (key: StreamKey) => Refusal[];
}

/** The done key of a refused range that was retried today: a second refusal of the same range writes nothing. */
export const retryKey = (refusal: Refusal): string => `retry ${streamId(refusal)} ${refusal.fromUs}`;

/** How long a refusal rests: as long as the range has been refused so far, at least an hour, at most a day. */
export const restOf = (refusal: Pick<Refusal, 'firstUs' | 'lastUs'>): number =>
  Math.min(DAY_US, Math.max(HOUR_US, refusal.lastUs - refusal.firstUs));

/** `impatient`: a person asks, so refused ranges are retried now. */
export function indexStreams(input: PlanInput, impatient = false): StreamIndex {
  const ranges = new Map<string, Range[]>();
  const liveFromUs = new Map<string, number>();
  for (const claim of input.coverage) {
    const id = streamId(claim);
    if (claim.source === 'live') {
      liveFromUs.set(id, Math.max(liveFromUs.get(id) ?? claim.fromUs, claim.fromUs));
      if (claim.stream !== 'ticks') continue;
    }
    const list = ranges.get(id);
    if (list === undefined) ranges.set(id, [claim]);
    else list.push(claim);
  }
  const claimed = new Map([...ranges].map(([id, list]) => [id, unite(list)]));
  const rests = (refusal: Refusal): boolean =>
    !impatient && (refusal.lastUs + restOf(refusal) > input.wallUs || input.doneToday.has(retryKey(refusal)));
  const refusals = Map.groupBy(input.refusals, (refusal) => `${refusal.stream} ${rests(refusal)}`);
  const gapsOfTicks = input.gaps.filter((gap) => gap.stream === 'ticks');
  const withheld = (key: StreamKey): Range[] => {
    const refused = (refusals.get(`${key.stream} true`) ?? []).filter(concerns(key));
    // Gaps in live ticks are healed, never filled as history.
    return key.stream === 'ticks' ? [...refused, ...gapsOfTicks.filter(concerns(key))] : refused;
  };
  const retried = (key: StreamKey): Refusal[] =>
    (refusals.get(`${key.stream} false`) ?? []).filter(concerns(key));
  return { claimed, liveFromUs, withheld, retried };
}

/** Whether a row about a symbol and timeframe (null: all) applies to this stream. */
const concerns =
  (key: StreamKey) =>
  (of: { symbol: string | null; timeframe: string | null }): boolean =>
    (of.symbol === null || of.symbol === key.symbol) &&
    (of.timeframe === null || of.timeframe === key.timeframe);

/** Null: this stream is not requested over REST, or not yet. */
export function needOf(key: ConfiguredSince, input: PlanInput, index: StreamIndex): StreamNeed | null {
  const cellOf = cellsOf(key, input.rule);
  const end = cellOf === null ? null : endOf(key, input, index);
  if (cellOf === null || end === null) return null;
  const depth = depthOf(key, input);
  if (depth === null && key.stream === 'ticks') return null;
  const id = streamId(key);
  const claimed = index.claimed.get(id) ?? [];
  const withheld = unite(index.withheld(key));
  const earliest = input.earliest.get(id) ?? null;
  const searching = depth === 'all' && earliest === null;
  const start = searching
    ? frontier(unite([...claimed, ...withheld]), Math.min(key.sinceUs, end), end, cellOf)
    : Math.max(earliest ?? 0, wholeMinute(depth === 'all' ? 0 : key.sinceUs - (depth ?? 0) * 1000));
  if (start >= end) return null;
  const wanted = { fromUs: start, toUs: end };
  const retried = index.retried(key);
  const more = { retried, searching: searching && start > 0 };
  return { key, cellOf, wanted, claimed, ...more, ...lacking(key, wanted, claimed, withheld, input) };
}

/** The same for an explicitly requested range, whatever depth is configured. */
export function needWithin(
  key: ConfiguredSince,
  range: Range,
  input: PlanInput,
  index: StreamIndex,
): StreamNeed | null {
  const cellOf = cellsOf(key, input.rule);
  const end = cellOf === null ? null : endOf(key, input, index);
  if (cellOf === null || end === null) return null;
  const id = streamId(key);
  // The known beginning of history is ignored: who asks for more wants it checked.
  const wanted = { fromUs: range.fromUs, toUs: Math.min(range.toUs, end) };
  if (wanted.fromUs >= wanted.toUs) return null;
  const claimed = index.claimed.get(id) ?? [];
  const withheld = unite(index.withheld(key));
  const missing = subtract(subtract([wanted], claimed), withheld);
  const retried = index.retried(key);
  return { key, cellOf, wanted, claimed, missing, deferred: null, retried, searching: false };
}

function lacking(
  key: ConfiguredSince,
  wanted: Range,
  claimed: readonly Range[],
  withheld: readonly Range[],
  input: PlanInput,
): Pick<StreamNeed, 'missing' | 'deferred'> {
  const missing = subtract(subtract([wanted], claimed), withheld);
  if (key.stream === 'ticks') return { missing: unrecorded(key, missing, input), deferred: null };
  const last = missing.at(-1);
  const isHead = last !== undefined && last.toUs === wanted.toUs && last.fromUs > wanted.fromUs;
  const told = key.stream !== 'bars' || input.streamed.some((timeframe) => timeframe === key.timeframe);
  if (!isHead || !told || last.toUs - last.fromUs >= patience(key, last, input))
    return { missing, deferred: null };
  return { missing: missing.slice(0, -1), deferred: last };
}

/**
 * The missing ranges of ticks that touch a time when no account was configured to record them. A range without ticks at another time is a
 * gap, which healing closes.
 */
function unrecorded(key: ConfiguredSince, missing: readonly Range[], { tickTimes }: PlanInput): Range[] {
  const recorded = unite([
    ...(tickTimes.get(key.symbol ?? '') ?? []),
    { fromUs: key.sinceUs, toUs: Number.MAX_SAFE_INTEGER },
  ]);
  return missing.filter((piece) => subtract([piece], recorded).length > 0);
}

/** How much may be missing at the newest end before it is requested. */
function patience(key: ConfiguredSince, head: Range, { sessions }: PlanInput): number {
  const calendar = key.stream === 'bars' && key.symbol !== null ? sessions.get(key.symbol) : undefined;
  return calendar?.word(head) === 'shut' ? SHUT_HEAD_US : STREAMED_HEAD_US;
}

/** Up to where a stream is requested; null: not yet. */
function endOf(key: ConfiguredSince, input: PlanInput, index: StreamIndex): number | null {
  if (key.stream === 'bars' && isTimeframe(key.timeframe)) {
    const brokerNow = input.rule.toBroker(utcMs(Math.floor(input.nowUs / 1000)));
    return closedUntil(key.timeframe, brokerMs(brokerNow), input.rule);
  }
  if (key.stream === 'ticks') {
    return index.liveFromUs.get(streamId(key)) ?? null;
  }
  return wholeMinute(input.nowUs - ACCOUNT_GRACE_US);
}

function depthOf(key: ConfiguredSince, { backfill }: PlanInput): Depth {
  if (key.stream === 'ticks') return backfill.ticks;
  if (key.stream !== 'bars') return backfill.deals;
  return (isTimeframe(key.timeframe) ? backfill.bars[key.timeframe] : null) ?? null;
}

/** Where `all` starts while the beginning of history is unknown: a few cells before the oldest known one, to avoid useless requests. */
function frontier(known: readonly Range[], sinceUs: number, endUs: number, cellOf: CellOf): number {
  const newest = cellOf(Math.min(sinceUs, endUs - 1)).fromUs;
  const oldest = known[0]?.fromUs ?? null;
  if (oldest === null || oldest > sinceUs) return newest;
  let cells = 1;
  for (let at = newest; at > oldest && cells < 2 * MOST_CELLS; cells += 1) at = cellOf(at - 1).fromUs;
  const beyond = Math.min(MOST_CELLS, Math.max(FEWEST_CELLS, Math.floor(cells / 2)));
  let start = oldest;
  for (let i = 0; i < beyond && start > 0; i += 1) start = cellOf(start - 1).fromUs;
  return Math.min(start, newest);
}

const wholeMinute = (us: number): number => Math.max(0, Math.floor(us / MINUTE_US) * MINUTE_US);
