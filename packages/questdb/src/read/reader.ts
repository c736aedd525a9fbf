// Queries of the recorder, the console and the command: where a feed ended, what is covered, what is missing. In: accounts, feeds, times in
// microseconds UTC. Out: rows named as in the database. A query is refused while a table it reads is suspended or behind its log, because
// rows would seem to be missing.
import type { Clock } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import {
  type AccountedTo,
  type GapCount,
  type GapRow,
  type LatestTick,
  type OutageRow,
  typedRow,
} from './gap-rows.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { requireSettled, type SettledOptions } from '../wire/settled-tables.ts';
import { sqlText, sqlTimestamp, sqlWhose, type Whose } from '../wire/sql-text.ts';
import { MOMENT_GAPS, STREAMED, type TableName } from '@fxtape/market/tables';

export interface GapFilter extends SettledOptions {
  readonly openOnly?: boolean;
  readonly account?: string;
  /** With `account`: what others recorded of this feed as well. */
  readonly feed?: string | null;
  /** Gaps of all symbols fit too. */
  readonly symbol?: string;
  readonly stream?: string;
  /** At most so many, the newest. */
  readonly limit?: number;
  /** Only gaps that overlap `[fromUs, toUs)`; one without an end has not ended. */
  readonly fromUs?: number;
  readonly toUs?: number;
}

export type OutageFilter = Omit<GapFilter, 'feed' | 'symbol' | 'stream'>;

/** A row that shows whether a database is the one it was sent to. */
export interface SentRow {
  readonly table: TableName;
  readonly ts: number;
  /** Its identity: texts, and times in microseconds. */
  readonly is: Readonly<Record<string, string | number>>;
}

const DAY_US = 86_400_000_000;
const TICK_COLUMNS =
  'symbol, cast(ts as long) ts, cast(ts_recv as long) ts_recv, bid, ask, last, volume, utc_offset_s, source';

const OF_NO_MOMENT = MOMENT_GAPS.map((of) => `AND NOT gap_id LIKE '%.${of}'`).join(' ');
const COVERED_LIVE = STREAMED.flatMap(({ isCovered, stream }) => (isCovered ? [sqlText(stream)] : []));
/** Times per statement, which must stay short. */
const STAMPS_AT_ONCE = 400;

/** Every method's errors: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient), and those of `exec`. */
export class Reader {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #clock: Clock;

  constructor(options: { http: Pick<QuestDbHttp, 'exec'>; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  /**
   * The newest tick of each symbol of a feed: greatest `ts`, and of equal ones the greatest `ts_recv`. With `sinceUs` symbols without a
   * tick from then on are left out, and the table is not read further back for them.
   */
  async latestTicks(
    feed: string,
    options: SettledOptions & { readonly sinceUs?: number } = {},
  ): Promise<Map<string, LatestTick>> {
    const since = options.sinceUs === undefined ? '' : ` AND ts >= ${sqlTimestamp(options.sinceUs)}`;
    const newest = await this.#ask(
      ['ticks'],
      `SELECT symbol, cast(ts as long) ts FROM ticks WHERE feed = ${sqlText(feed)}${since} LATEST ON ts PARTITION BY symbol`,
      options,
    );
    const latest = new Map<string, LatestTick>();
    if (newest.length === 0) return latest;
    const stampOf = new Map(newest.map((row) => [row['symbol'], Number(row['ts'])]));
    const stamps = [...new Set(stampOf.values())];
    for (let at = 0; at < stamps.length; at += STAMPS_AT_ONCE) {
      const some = stamps
        .slice(at, at + STAMPS_AT_ONCE)
        .map(sqlTimestamp)
        .join(', ');
      const candidates = await this.#ask(
        [],
        `SELECT ${TICK_COLUMNS} FROM ticks WHERE ts IN (${some}) AND feed = ${sqlText(feed)}`,
        options,
      );
      for (const tick of candidates.map((row) => typedRow<LatestTick>(row))) {
        if (tick.ts !== stampOf.get(tick.symbol)) continue;
        const known = latest.get(tick.symbol);
        if (known === undefined || tick.ts_recv > known.ts_recv) latest.set(tick.symbol, tick);
      }
    }
    return latest;
  }

  /** The greatest `ts_recv` that any row of this account or feed carries; null when there is none. A new tape must start above it. */
  async maxTsRecv(
    of: { readonly account?: string; readonly feed?: string } & SettledOptions,
  ): Promise<number | null> {
    const sources: { table: TableName; column: string; where: string }[] = [];
    const add = (by: 'feed' | 'account', where: string): void => {
      for (const each of STREAMED)
        if (each.by === by) sources.push({ table: each.table, column: each.received, where });
    };
    if (of.feed !== undefined) add('feed', `feed = ${sqlText(of.feed)}`);
    if (of.account !== undefined) {
      const where = `account = ${sqlText(of.account)}`;
      add('account', where);
      sources.push(
        { table: 'rejected', column: 'ts_recv', where },
        { table: 'gap_events', column: 'ts', where: `${where} AND writer = 'collector'` },
      );
    }
    if (sources.length === 0) return null;
    const union = sources.map(
      (s) => `SELECT cast(max(${s.column}) as long) us FROM ${s.table} WHERE ${s.where}`,
    );
    const rows = await this.#ask(
      sources.map((s) => s.table),
      union.join(' UNION ALL '),
      of,
    );
    const values = rows.flatMap((row) => (typeof row['us'] === 'string' ? [Number(row['us'])] : []));
    return values.length === 0 ? null : Math.max(...values);
  }

  /** Whether a row that was sent is there; `ts` within a day, because a correction may have moved it. */
  async hasRow({ is, table, ts }: SentRow, options: SettledOptions = {}): Promise<boolean> {
    const near = `ts BETWEEN ${sqlTimestamp(ts - DAY_US)} AND ${sqlTimestamp(ts + DAY_US)}`;
    const same = Object.entries(is).map(
      ([column, value]) => `${column} = ${typeof value === 'string' ? sqlText(value) : sqlTimestamp(value)}`,
    );
    const where = [near, ...same].join(' AND ');
    return (await this.#ask([table], `SELECT ts FROM ${table} WHERE ${where} LIMIT 1`, options)).length > 0;
  }

  /**
   * How far each stream that is covered live is accounted for: to the end of its live coverage, or of the last gap that ended. Coverage by
   * history says nothing about what was streamed. A gap of a single moment (its id says so) says nothing about the time before it. With a
   * feed: whichever account recorded it.
   */
  async accountedTo(whose: Whose, options: SettledOptions = {}): Promise<AccountedTo[]> {
    const of = sqlWhose(whose);
    const rows = await this.#ask(
      ['coverage', 'gap_events'],
      `SELECT feed, symbol, stream, timeframe, cast(max(ts_to) as long) ts_to FROM (
        SELECT feed, symbol, stream, timeframe, ts_to FROM coverage WHERE ${of} AND source = 'live'
        UNION ALL
        SELECT feed, symbol, stream, timeframe, ts_to FROM gap_events
        WHERE ${of} AND writer = 'collector' AND event = 'ended' AND stream IN (${COVERED_LIVE.join(', ')})
          ${OF_NO_MOMENT}
      ) GROUP BY feed, symbol, stream, timeframe`,
      options,
    );
    return rows.map((row) => typedRow<AccountedTo>(row));
  }

  /** What was decided last about a server's clock; null when nothing was. */
  async newestClockRule(
    server: string,
    options: SettledOptions = {},
  ): Promise<{ readonly rule_id: string; readonly confidence: string } | null> {
    const rows = await this.#ask(
      ['clock_rules'],
      `SELECT rule_id, confidence FROM clock_rules WHERE server = ${sqlText(server)} ORDER BY ts_decided DESC LIMIT 1`,
      options,
    );
    return rows[0] === undefined ? null : typedRow(rows[0]);
  }

  /** Gaps in their current state, by `ts_from`; with a limit the newest of them, still by `ts_from`. */
  async gaps(filter: GapFilter = {}): Promise<GapRow[]> {
    const rows = await this.#ask(
      ['gap_events'],
      `SELECT gap_id, outage_id, account, feed, symbol, stream, timeframe, cast(ts_from as long) ts_from, cast(ts_to as long) ts_to,
        cause, state, rows_healed, missing_estimate, evidence, cast(ts_updated as long) ts_updated
        FROM gaps${where(filter, "state = 'open'")}${newestFirst(filter, 'gap_id')}`,
      filter,
    );
    return rows.map((row) => typedRow<GapRow>(row)).toReversed();
  }

  /** Incidents, by `ts_from`. */
  async outages(filter: OutageFilter = {}): Promise<OutageRow[]> {
    const rows = await this.#ask(
      ['gap_events'],
      `SELECT outage_id, account, cast(ts_from as long) ts_from, cast(ts_to as long) ts_to, causes, streams, gaps, open_gaps,
        cast(ts_updated as long) ts_updated FROM outages${where(filter, 'open_gaps > 0')}${newestFirst(filter, 'outage_id')}`,
      filter,
    );
    return rows.map((row) => typedRow<OutageRow>(row)).toReversed();
  }

  /** Every account and symbol that is or was recorded or configured. */
  async knownNames(options: SettledOptions = {}): Promise<{ accounts: string[]; symbols: string[] }> {
    const tables = ['coverage', 'gap_events', 'streams'] as const;
    const each = tables.map((table) => `SELECT DISTINCT account, symbol FROM ${table}`);
    const rows = await this.#ask(tables, each.join(' UNION '), options);
    const of = (column: string): string[] => [
      ...new Set(rows.flatMap((row) => row[column]?.toString() ?? [])),
    ];
    return { accounts: of('account'), symbols: of('symbol') };
  }

  /** Accounts whose bridge was found to offer no past ticks. */
  async accountsWithoutPastTicks(options: SettledOptions = {}): Promise<string[]> {
    const rows = await this.#ask(
      ['history_limits'],
      `SELECT DISTINCT account FROM (SELECT * FROM history_limits WHERE stream = 'ticks' AND symbol IS NULL
        LATEST ON ts PARTITION BY account, feed) WHERE evidence LIKE '%"offered":false%' ORDER BY account`,
      options,
    );
    return rows.map((row) => String(row['account']));
  }

  /** How many gaps there are of each cause and state. */
  async gapCounts(options: SettledOptions = {}): Promise<GapCount[]> {
    const rows = await this.#ask(
      ['gap_events'],
      `SELECT cause, state, count() gaps, sum(CASE WHEN ts_to IS NULL THEN 1 ELSE 0 END) unended FROM gaps
        GROUP BY cause, state ORDER BY cause, state`,
      options,
    );
    return rows.map((row) => typedRow<GapCount>(row));
  }

  async #ask(tables: readonly TableName[], sql: string, options: SettledOptions) {
    if (tables.length > 0) await requireSettled(this.#http, this.#clock, tables, options);
    return asObjects(await this.#http.exec(sql, { signal: options.signal }));
  }
}

function where(filter: GapFilter, open: string): string {
  const conditions: string[] = [];
  if (filter.openOnly === true) conditions.push(open);
  if (filter.account !== undefined) conditions.push(sqlWhose({ account: filter.account, feed: filter.feed }));
  if (filter.symbol !== undefined) {
    conditions.push(`(symbol IS NULL OR symbol = ${sqlText(filter.symbol)})`);
  }
  if (filter.stream !== undefined) conditions.push(`stream = ${sqlText(filter.stream)}`);
  if (filter.toUs !== undefined) conditions.push(`ts_from < ${sqlTimestamp(filter.toUs)}`);
  if (filter.fromUs !== undefined) {
    conditions.push(`(ts_to IS NULL OR ts_to > ${sqlTimestamp(filter.fromUs)})`);
  }
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

function newestFirst(filter: GapFilter, id: string): string {
  const limit = filter.limit === undefined ? '' : ` LIMIT ${Math.trunc(filter.limit)}`;
  return ` ORDER BY ts_from DESC, ${id} DESC${limit}`;
}
