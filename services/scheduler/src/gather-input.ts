// Reads from QuestDB what the plan of one account depends on. In: the account's name and feed. Out: coverage, gaps, limits and so on, as types
// of the planner; and the plan's input, once clock and streams are settled. A query fails while its table lags, because rows that are not
// visible yet would be fetched again.
import type { AccountConfig } from '@fxtape/config';
import {
  type ClockRule,
  limitEvidence,
  nextCheckUs,
  type Range,
  SessionCalendar,
  streamId,
  type StreamKey,
  type StreamKind,
  type TableRow,
} from '@fxtape/market';
import type { AuditReader, GapRow, HistoryReader, PlanningReader, TradeReader } from '@fxtape/questdb';
import type { SettledClock } from './account-clock.ts';
import type { Claimed, ConfiguredSince, EndedGap, PlanInput, Refusal, Unshown } from './plan/plan-input.ts';

const DAY_US = 86_400_000_000;
const COMPARED_DAYS = 40;
/** Trades of this many days are checked by number. */
const CHECKED_DAYS = 8;
const UNSETTLED = ['QDB_SUSPENDED', 'QDB_NOT_APPLIED'];
/** How long to wait until a table's log is applied: other processes write all the time. */
const WAIT_MS = 10_000;

export interface Readers {
  readonly history: HistoryReader;
  readonly planning: PlanningReader;
  readonly audit: AuditReader;
  readonly trades: TradeReader;
}

interface Of {
  readonly account: string | null;
}

/** What is stored about an account, independent of its clock and configuration. */
export interface Stored {
  readonly account: TableRow<'accounts'> | null;
  /** Of all account names. */
  readonly accounts: readonly TableRow<'accounts'>[];
  readonly streams: readonly TableRow<'streams'>[];
  /** For market data from any account that recorded the feed, because a feed may pass between accounts. */
  readonly coverage: readonly (Claimed & Of)[];
  readonly gaps: readonly (EndedGap & Of)[];
  readonly ticksOffered: boolean;
  readonly tickTimes: ReadonlyMap<string, readonly Range[]>;
  readonly refusals: readonly Refusal[];
  readonly earliest: ReadonlyMap<string, number>;
  readonly limits: readonly TableRow<'history_limits'>[];
  readonly recordedRule: string | null;
  readonly specs: ReadonlySet<string>;
  readonly sessions: readonly TableRow<'trading_sessions'>[];
}

export async function readStored(
  config: AccountConfig,
  readers: Readers,
  signal: AbortSignal,
): Promise<Stored> {
  const { history, planning } = readers;
  const { name } = config;
  const feed = config.marketData?.feed ?? null;
  const options = { signal, waitMs: WAIT_MS };
  const accounts = await history.accounts(options);
  const [streams, coverage, gaps, refusals, limits, recordedRule, specs, sessions, ticks] = await Promise.all(
    [
      history.streams(name, options),
      history.coverage(name, { ...options, feed }),
      planning.endedOpenGaps(name, { ...options, feed }),
      planning.refusals(name, { ...options, feed }),
      history.historyLimits(name, options),
      history.newestRule(name, options),
      feed === null ? new Map<string, unknown>() : history.latestSpecs(feed, options),
      feed === null ? [] : history.sessions({ feed }, options),
      feed === null ? [] : planning.tickStreams(feed, options),
    ],
  );
  // Rows of a feed that this account recorded in the past do not count.
  const own = (row: { feed?: string | null; symbol?: string | null }): boolean =>
    (row.symbol ?? null) === null || (row.feed ?? null) === feed;
  return {
    account: accounts.find((row) => row.account === name) ?? null,
    accounts,
    streams,
    coverage: coverage.filter(own).map((range) => ({ ...range, ...keyOf(range) })),
    gaps: gaps.filter(own).flatMap(endedGap),
    refusals: refusals.filter(own).map((row) => ({
      ...keyOf(row),
      fromUs: row.ts_from,
      toUs: row.ts_to,
      firstUs: row.ts,
      lastUs: row.ts_updated,
    })),
    earliest: new Map(
      limits
        .filter(own)
        .flatMap((row) =>
          typeof row.ts_earliest === 'number' ? [[streamId(keyOf(row)), row.ts_earliest]] : [],
        ),
    ),
    limits: limits.filter(own),
    recordedRule,
    specs: new Set(specs.keys()),
    sessions,
    ticksOffered: !limits.filter(own).some(tellsNoTicks),
    tickTimes: new Map(
      [...Map.groupBy(ticks, ({ symbol }) => symbol ?? '')].map(([symbol, rows]) => [
        symbol,
        rows.map(({ ts, ts_to: toUs }) => ({ fromUs: ts, toUs: toUs ?? Number.MAX_SAFE_INTEGER })),
      ]),
    ),
  };
}

/** The earliest time that an account's live recording accounts for, by `streamId`: the start of its coverage, or of a gap before it. */
export function recordedSince(account: string, stored: Stored): Map<string, number> {
  const since = new Map<string, number>();
  const note = (key: StreamKey, fromUs: number): void => {
    const id = streamId(key);
    since.set(id, Math.min(since.get(id) ?? fromUs, fromUs));
  };
  for (const claim of stored.coverage)
    if (claim.source === 'live' && claim.account === account) note(claim, claim.fromUs);
  for (const gap of stored.gaps)
    if (gap.cause !== 'refused' && gap.account === account) note(keyOf(gap), gap.fromUs);
  return since;
}

export async function planInput(o: {
  config: AccountConfig;
  stored: Stored;
  streams: readonly ConfiguredSince[];
  clock: SettledClock;
  nowUs: number;
  wallUs: number;
  doneToday: ReadonlySet<string>;
  auditUs: number | null;
  readers: Readers;
  signal: AbortSignal;
}): Promise<PlanInput> {
  const { config, readers, signal, stored } = o;
  const feed = config.marketData?.feed ?? null;
  const compared =
    feed === null
      ? []
      : await readers.planning.comparedDays(feed, Math.max(0, o.nowUs - COMPARED_DAYS * DAY_US), {
          signal,
          waitMs: WAIT_MS,
        });
  const range = { fromUs: Math.max(0, o.nowUs - CHECKED_DAYS * DAY_US), toUs: o.nowUs };
  const missing = async (stream: 'deals' | 'positions'): Promise<readonly Unshown[]> => {
    if (!config.accountData.includes(stream)) return [];
    try {
      return await readers.trades.missing(stream, config.name, range, { signal, waitMs: WAIT_MS });
    } catch (error) {
      // If the tables of trades lag or are suspended, everything else is still planned. The next plan checks trades again.
      if (UNSETTLED.includes((error as { code?: string }).code ?? '')) return [];
      throw error;
    }
  };
  return {
    unshown: { deals: await missing('deals'), positions: await missing('positions') },
    account: config.name,
    feed,
    nowUs: o.nowUs,
    wallUs: o.wallUs,
    rule: o.clock.rule,
    clockJob: o.clock.job,
    awaitsClock: o.clock.state.awaitsEvidence,
    backfill: config.backfill,
    streamed: config.timeframes,
    streams: o.streams,
    coverage: stored.coverage,
    ticksOffered: stored.ticksOffered,
    tickTimes: stored.tickTimes,
    earliest: stored.earliest,
    looksDue: looksDue(stored.limits, o.wallUs),
    refusals: stored.refusals,
    gaps: stored.gaps,
    doneToday: o.doneToday,
    symbolsWithSpec: stored.specs,
    sessions: calendars(stored.sessions, o.clock.rule),
    auditUs: o.auditUs,
    comparedDays: new Set(compared.map(({ symbol, ts }) => `${symbol} ${ts}`)),
  };
}

/** A limit without a beginning was withdrawn; it is checked for one day only, because nothing records when it was. */
const looksDue = (
  limits: readonly TableRow<'history_limits'>[],
  wallUs: number,
): ReadonlyMap<string, number> =>
  new Map(
    limits.flatMap((row) => {
      const nextUs = nextCheckUs(row);
      const isOver = typeof row.ts_earliest !== 'number' && wallUs - row.ts > DAY_US;
      if (nextUs === null || nextUs > wallUs || isOver) return [];
      return [[streamId(keyOf(row)), limitEvidence(row.evidence).checks]];
    }),
  );

const calendars = (
  rows: readonly TableRow<'trading_sessions'>[],
  rule: ClockRule,
): ReadonlyMap<string, SessionCalendar> =>
  new Map(
    [...Map.groupBy(rows, ({ symbol }) => symbol)].map(([symbol, own]) => [
      symbol,
      new SessionCalendar(own, rule),
    ]),
  );

/** Backfill found that the account's bridge offers no past ticks. */
const tellsNoTicks = (row: TableRow<'history_limits'>): boolean =>
  row.stream === 'ticks' && (row.symbol ?? null) === null && (row.evidence ?? '').includes('"offered":false');

const keyOf = (row: { stream: string; symbol?: string | null; timeframe?: string | null }): StreamKey => ({
  stream: row.stream as StreamKind,
  symbol: row.symbol ?? null,
  timeframe: row.timeframe ?? null,
});

function endedGap(row: GapRow): (EndedGap & Of)[] {
  if (row.ts_from === null || row.ts_to === null || row.stream === null) return [];
  return [
    {
      gapId: row.gap_id,
      account: row.account,
      stream: row.stream,
      feed: row.feed,
      symbol: row.symbol,
      timeframe: row.timeframe,
      cause: row.cause ?? '',
      fromUs: row.ts_from,
      toUs: row.ts_to,
    },
  ];
}
