// What is known about the rows of a selection: gaps, clock rules, verdicts on days, clock corrections. In: a selection. Out: the facts as
// datasets state them, with times in microseconds UTC.
import { matchSymbols } from '@fxtape/config';
import type {
  KindName,
  KnownClockRule,
  KnownCondition,
  KnownCorrection,
  KnownGap,
  Selection,
} from '@fxtape/datasets';
import { datasetKinds } from '@fxtape/datasets/kinds';
import type { StreamKind } from '@fxtape/market/tables';
import { asObjects, type Cell } from '../wire/exec-answer.ts';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText, sqlTimestamp } from '../wire/sql-text.ts';
import { applyUnderWay, newestSteps, pausedStep } from '../schema/apply-steps.ts';
import { DAY_US } from './day-pieces.ts';
import { nameSql } from './name-sql.ts';
import { whereSql } from './row-sql.ts';

type Http = Pick<QuestDbHttp, 'exec'>;

/** The stream whose gaps concern a kind. Null: none, because its rows are not recorded from a stream. */
export const STREAM_OF: Readonly<Record<KindName, StreamKind | null>> = {
  ticks: 'ticks',
  bars: 'bars',
  deals: 'deals',
  positions: 'positions',
  account_events: 'account',
  gaps: null,
  daily_quality: null,
};

const GAP_COLUMNS =
  'gap_id, account, feed, symbol, stream, timeframe, cast(ts_from as long) ts_from, cast(ts_to as long) ts_to, ' +
  'cause, state, rows_healed, cast(ts as long) ts';

/** Sorted by `fromUs` and id. A gap that ends where it begins touches the range that holds that moment. */
export async function knownGaps(http: Http, selection: Selection, options: CallOptions): Promise<KnownGap[]> {
  const { accounts, asOfUs, feeds, fromUs, kind, symbols, timeframes, toUs } = selection;
  const stream = STREAM_OF[kind];
  if (stream === null) return [];
  const isOfFeed = datasetKinds[kind].series.includes('feed');
  // These columns are the same in every event of a gap, so they may be filtered before the newest event is chosen.
  const whose = [
    `stream = ${sqlText(stream)}`,
    (isOfFeed ? nameSql('feed', feeds) : nameSql('account', accounts)) ?? [],
    asOfUs === null ? [] : `ts <= ${sqlTimestamp(asOfUs)}`,
  ].flat();
  const [from, to] = [sqlTimestamp(fromUs), sqlTimestamp(toUs)];
  const touch = [
    `ts_from < ${to}`,
    `(ts_to IS NULL OR ts_to > ${from} OR (ts_to = ts_from AND ts_from = ${from}))`,
    (isOfFeed ? nameSql('symbol', symbols, { orNull: true }) : null) ?? [],
    (kind === 'bars' ? nameSql('timeframe', timeframes, { orNull: true }) : null) ?? [],
  ].flat();
  const answer = await http.exec(
    `SELECT ${GAP_COLUMNS} FROM (SELECT * FROM gap_events${whereSql(whose)} LATEST ON ts PARTITION BY gap_id)` +
      `${whereSql(touch)} ORDER BY ts_from, gap_id`,
    options,
  );
  return asObjects(answer).map((row) => ({
    gapId: String(row['gap_id']),
    account: text(row['account']),
    feed: text(row['feed']),
    symbol: text(row['symbol']),
    stream: String(row['stream']),
    timeframe: text(row['timeframe']),
    fromUs: Number(row['ts_from']),
    toUs: number(row['ts_to']),
    cause: String(row['cause']),
    state: String(row['state']),
    rowsHealed: number(row['rows_healed']),
    updatedUs: Number(row['ts']),
  }));
}

/**
 * The rules that apply somewhere in the range, sorted by server and `fromUs`: those of each server's newest decision, which covers all of
 * history.
 */
export async function knownClockRules(
  http: Http,
  selection: Selection,
  options: CallOptions,
): Promise<KnownClockRule[]> {
  const servers = [...(await serversOf(http, selection, options)).keys()];
  if (servers.length === 0) return [];
  const answer = await http.exec(
    `SELECT server, cast(ts as long) ts, cast(ts_decided as long) decided, rule, rule_id, confidence FROM clock_rules
      WHERE server IN (${servers.map(sqlText).join(', ')}) ORDER BY server, ts, ts_decided`,
    options,
  );
  const rules = asObjects(answer).map(
    (row): KnownClockRule => ({
      server: String(row['server']),
      fromUs: Number(row['ts']),
      decidedUs: Number(row['decided']),
      rule: text(row['rule']),
      ruleId: text(row['rule_id']),
      confidence: text(row['confidence']),
    }),
  );
  const newest = new Map<string, number>();
  for (const { decidedUs, server } of rules)
    newest.set(server, Math.max(decidedUs, newest.get(server) ?? decidedUs));
  const valid = rules.filter(({ decidedUs, server }) => decidedUs === newest.get(server));
  return valid.filter((rule, i) => {
    const next = valid[i + 1];
    const endUs = next?.server === rule.server ? next.fromUs : Number.POSITIVE_INFINITY;
    // The first rule also applies before it: no earlier one is known.
    const isFirst = valid[i - 1]?.server !== rule.server;
    return endUs > selection.fromUs && (isFirst || rule.fromUs < selection.toUs);
  });
}

/**
 * Verdicts on the broker's days that overlap the range, sorted by feed, symbol and day; for ticks and bars only. Today's verdicts, even
 * with `asOfUs`.
 */
export async function knownConditions(
  http: Http,
  { feeds, fromUs, kind, symbols, toUs }: Selection,
  options: CallOptions,
): Promise<KnownCondition[]> {
  if (kind !== 'ticks' && kind !== 'bars') return [];
  const where = [
    `ts > ${sqlTimestamp(fromUs - DAY_US)} AND ts < ${sqlTimestamp(toUs)}`,
    nameSql('feed', feeds) ?? [],
    nameSql('symbol', symbols) ?? [],
    'condition IS NOT NULL',
  ].flat();
  const answer = await http.exec(
    `SELECT feed, symbol, cast(ts as long) ts, condition, reason FROM daily_quality${whereSql(where)} ORDER BY feed, symbol, ts`,
    options,
  );
  return asObjects(answer).map((row) => ({
    feed: String(row['feed']),
    symbol: String(row['symbol']),
    dayUs: Number(row['ts']),
    condition: String(row['condition']),
    reason: text(row['reason']),
  }));
}

/**
 * All corrections that were carried out, oldest first, even after `asOfUs`: they moved the rows that are read today. Errors: also
 * CLOCK_APPLY_UNDER_WAY, while one replaces tables.
 */
export async function knownCorrections(
  http: Http,
  selection: Selection,
  options: CallOptions,
): Promise<KnownCorrection[]> {
  const servers = await serversOf(http, selection, options);
  if (servers.size === 0) return [];
  const paused = pausedStep(await newestSteps(http, options));
  if (paused !== null) throw applyUnderWay(paused.applyId, paused.us);
  const answer = await http.exec(
    `SELECT server, cast(ts as long) us, rule_id FROM clock_applies
      WHERE step = 'applied' AND server IN (${[...servers.keys()].map(sqlText).join(', ')}) ORDER BY ts, server`,
    options,
  );
  return asObjects(answer).map((row) => ({
    server: String(row['server']),
    names: servers.get(String(row['server'])) ?? [],
    appliedUs: Number(row['us']),
    ruleId: text(row['rule_id']),
  }));
}

/** The servers of the selected feeds or accounts, with those names, whatever the symbols; both sorted. */
async function serversOf(
  http: Http,
  { accounts, feeds, kind }: Selection,
  options: CallOptions,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const answer = await http.exec('SELECT DISTINCT account, feed, server FROM accounts', options);
  const isOfFeed = datasetKinds[kind].series.includes('feed');
  const names = isOfFeed ? feeds : accounts;
  const servers = new Map<string, Set<string>>();
  for (const row of asObjects(answer)) {
    const name = text(row[isOfFeed ? 'feed' : 'account']);
    const server = text(row['server']);
    if (name === null || server === null) continue;
    if (names.length > 0 && matchSymbols(names, [name]).matched.length === 0) continue;
    servers.set(server, (servers.get(server) ?? new Set()).add(name));
  }
  const sorted = [...servers].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([server, of]) => [server, [...of].toSorted()]));
}

const text = (cell: Cell | undefined): string | null =>
  cell === null || cell === undefined ? null : String(cell);
const number = (cell: Cell | undefined): number | null =>
  cell === null || cell === undefined ? null : Number(cell);
