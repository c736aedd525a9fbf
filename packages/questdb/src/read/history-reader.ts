// Queries of the planner, the backfill workers and the healer: what is covered, stored and streamed, and what is known of accounts and
// symbols. In: keys and half-open ranges `[fromUs, toUs)` in microseconds UTC. Out: rows as they were written, to be compared with the
// gateway's answers. A query is refused while a table it reads is suspended or behind its log: rows that are not visible yet would seem
// to be missing.
import type { Clock } from '@fxtape/ops';
import { type CoverageRange, islands, reachSql, startsSql } from './coverage-islands.ts';
import { asObjects, type ExecAnswer } from '../wire/exec-answer.ts';
import { typedRow } from './gap-rows.ts';
import { newestById, newestByTs } from './newest-revision.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { exactLong, readRows, selectList } from './row-select.ts';
import { requireSettled, type SettledOptions } from '../wire/settled-tables.ts';
import { sqlEquals, sqlId, sqlTimestamp, sqlWithin } from '../wire/sql-text.ts';
import type { TableName, TableRow } from '@fxtape/market/tables';

/** `[fromUs, toUs)`, microseconds UTC. */
export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/** A stream; `feed`, `symbol`, `timeframe` are null where they do not apply or mean all. */
export interface StreamKeyOf {
  readonly account: string;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
}

type SymbolKey = { readonly feed: string; readonly symbol: string };
type BarKey = SymbolKey & { readonly timeframe: string };
type Id = number | bigint;

/** Ids per statement: it travels in a URL, which must stay short. */
const IDS_AT_ONCE = 1_000;

/** Every method's errors: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient), and those of `exec`. */
export class HistoryReader {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #clock: Clock;

  constructor(options: { http: Pick<QuestDbHttp, 'exec'>; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  /** Coverage of each stream of an account, and of its feed, by stream and time. Ranges that touch or overlap are one. */
  async coverage(
    account: string,
    options: SettledOptions & {
      readonly feed?: string | null;
      readonly source?: CoverageRange['source'];
    } = {},
  ): Promise<CoverageRange[]> {
    const whose = { account, feed: options.feed };
    const reach = await this.#ask(['coverage'], reachSql(whose, options.source), options);
    return islands(reach, await this.#ask([], startsSql(whose, options.source), options));
  }

  /**
   * The same for one stream and source: each united range that overlaps or touches `range`, whole. For market data that of the feed,
   * whichever account recorded it.
   */
  async coverageOf(
    key: StreamKeyOf,
    source: CoverageRange['source'],
    range: TimeRange,
    options: SettledOptions & { readonly ruleId?: string } = {},
  ): Promise<TimeRange[]> {
    const { account, feed, symbol, stream, timeframe } = key;
    const rule = options.ruleId === undefined ? {} : { rule_id: options.ruleId };
    const whose = feed === null ? { account, feed } : { feed };
    const answer = await this.#ask(
      ['coverage'],
      `SELECT cast(ts as long) ts, cast(ts_to as long) ts_to FROM coverage
        WHERE ${sqlEquals({ ...whose, symbol, stream, timeframe, source, ...rule })} AND ts_to > ts ORDER BY ts`,
      options,
    );
    const united: { fromUs: number; toUs: number }[] = [];
    for (const [from, to] of answer.dataset) {
      const last = united.at(-1);
      if (last !== undefined && Number(from) <= last.toUs) last.toUs = Math.max(last.toUs, Number(to));
      else united.push({ fromUs: Number(from), toUs: Number(to) });
    }
    return united.filter(({ fromUs, toUs }) => fromUs <= range.toUs && toUs >= range.fromUs);
  }

  /** The clock rule of the newest live coverage of an account; null when there is none. */
  async newestRule(account: string, options: SettledOptions = {}): Promise<string | null> {
    const answer = await this.#ask(
      ['coverage'],
      `SELECT rule_id FROM coverage WHERE ${sqlEquals({ account, source: 'live' })} AND rule_id IS NOT NULL ORDER BY ts_to DESC LIMIT 1`,
      options,
    );
    return (answer.dataset[0]?.[0] as string | undefined) ?? null;
  }

  /**
   * The clock rule with which live rows of an account, or of a feed, were written at an instant: that of the last claim that begins before
   * it, else of the first. Null: none.
   */
  async liveRuleAt(
    whose: { readonly account: string } | { readonly feed: string },
    us: number,
    options: SettledOptions = {},
  ): Promise<string | null> {
    const claims = `SELECT rule_id FROM coverage WHERE ${sqlEquals({ ...whose, source: 'live' })} AND rule_id != ''`;
    const before = `${claims} AND ts <= ${sqlTimestamp(us)} ORDER BY ts DESC LIMIT 1`;
    const after = `${claims} AND ts > ${sqlTimestamp(us)} ORDER BY ts LIMIT 1`;
    for (const sql of [before, after]) {
      const [row] = (await this.#ask(['coverage'], sql, options)).dataset;
      if (row !== undefined) return row[0] as string;
    }
    return null;
  }

  /** Bars that open in the range, by `ts`. */
  bars(key: BarKey, range: TimeRange, options: SettledOptions = {}): Promise<TableRow<'bars'>[]> {
    return this.#rows('bars', `${barKey(key)} AND ${sqlWithin(range)} ORDER BY ts`, options);
  }

  /** When bars of the range open, UTC microseconds, in order. */
  async barOpens(key: BarKey, range: TimeRange, options: SettledOptions = {}): Promise<number[]> {
    const answer = await this.#ask(
      ['bars'],
      `SELECT cast(ts as long) FROM bars WHERE ${barKey(key)} AND ${sqlWithin(range)} ORDER BY ts`,
      options,
    );
    return answer.dataset.map(([ts]) => Number(ts));
  }

  /** The newest version of each bar that opens in the range, by `ts`. */
  async latestBarRevisions(
    key: BarKey,
    range: TimeRange,
    options: SettledOptions = {},
  ): Promise<TableRow<'bar_revisions'>[]> {
    const where = `${barKey(key)} AND ${sqlWithin(range)} ORDER BY ts`;
    return newestByTs(await this.#rows('bar_revisions', where, options));
  }

  /** Deals with these ids, in no order. An id that was stored with two times is answered twice. */
  dealsById(account: string, ids: readonly Id[], options: SettledOptions = {}): Promise<TableRow<'deals'>[]> {
    return this.#byIds('deals', 'deal_id', account, ids, options);
  }

  /** The newest version of each of these deals, in no order. */
  async latestDealRevisions(
    account: string,
    ids: readonly Id[],
    options: SettledOptions = {},
  ): Promise<TableRow<'deal_revisions'>[]> {
    const versions = await this.#byIds('deal_revisions', 'deal_id', account, ids, options);
    return newestById(versions, (row) => row.deal_id);
  }

  /** Closed round trips with these ids, in no order. */
  positionsById(
    account: string,
    ids: readonly Id[],
    options: SettledOptions = {},
  ): Promise<TableRow<'positions'>[]> {
    return this.#byIds('positions', 'position_id', account, ids, options);
  }

  /** The newest version of each of these closed round trips, in no order. */
  async latestPositionRevisions(
    account: string,
    ids: readonly Id[],
    options: SettledOptions = {},
  ): Promise<TableRow<'position_revisions'>[]> {
    const versions = await this.#byIds('position_revisions', 'position_id', account, ids, options);
    return newestById(versions, (row) => row.position_id);
  }

  /**
   * Ticks of the range, by `ts` and `ts_recv`, or the newest first. With a limit, about that many: ticks of one `ts` are never separated, so
   * all of the last `ts` are there.
   */
  async ticks(
    key: SymbolKey,
    range: TimeRange,
    options: SettledOptions & { readonly limit?: number; readonly newestFirst?: boolean } = {},
  ): Promise<TableRow<'ticks'>[]> {
    const direction = options.newestFirst === true ? ' DESC' : '';
    let bounds = sqlWithin(range);
    let settled = false;
    if (options.limit !== undefined) {
      const answer = await this.#ask(
        ['ticks'],
        `SELECT cast(ts as long) FROM (SELECT ts FROM ticks WHERE ${symbolKey(key)} AND ${bounds} ORDER BY ts${direction} LIMIT ${Math.trunc(options.limit)})`,
        options,
      );
      settled = true;
      const last = answer.dataset.at(-1)?.[0];
      if (last === undefined) return [];
      const edgeUs = Number(last);
      bounds = sqlWithin(
        options.newestFirst === true ? { ...range, fromUs: edgeUs } : { ...range, toUs: edgeUs + 1 },
      );
    }
    return await this.#rows(
      'ticks',
      `${symbolKey(key)} AND ${bounds} ORDER BY ts${direction}, ts_recv${direction}`,
      options,
      settled,
    );
  }

  /** How many ticks there are in each stretch of `everyUs`: start of the stretch (a multiple of `everyUs` since 1970) → rows. */
  async tickCounts(
    key: SymbolKey,
    range: TimeRange,
    everyUs: number,
    options: SettledOptions = {},
  ): Promise<Map<number, number>> {
    const every = Math.trunc(everyUs);
    const answer = await this.#ask(
      ['ticks'],
      `SELECT stretch, count() FROM (SELECT cast(ts as long) / ${every} * ${every} stretch FROM ticks WHERE ${symbolKey(key)} AND ${sqlWithin(range)})
        ORDER BY stretch`,
      options,
    );
    return new Map(answer.dataset.map(([stretch, rows]) => [Number(stretch), Number(rows)]));
  }

  /** The broker's tick volume of each M1 bar that opens in the range, by time. Bars without one are left out: unknown is not zero. */
  async barVolumes(
    key: SymbolKey,
    range: TimeRange,
    options: SettledOptions = {},
  ): Promise<{ fromUs: number; tickVolume: number }[]> {
    const answer = await this.#ask(
      ['bars'],
      `SELECT cast(ts as long) ts, tick_volume FROM bars
        WHERE ${barKey({ ...key, timeframe: 'M1' })} AND ${sqlWithin(range)} AND tick_volume IS NOT NULL ORDER BY ts`,
      options,
    );
    return answer.dataset.map(([ts, volume]) => ({ fromUs: Number(ts), tickVolume: Number(volume) }));
  }

  /**
   * Streamed bars that were received after `tsRecv`, in that order. `sinceUs`: only bars that opened since then, which makes a query every
   * second cheap on a long recording.
   */
  async barEventsAfter(
    tsRecv: number,
    options: SettledOptions & { readonly sinceUs?: number } = {},
  ): Promise<{ feed: string; symbol: string; timeframe: string; ts: number; ts_recv: number }[]> {
    const answer = await this.#ask(
      ['bar_events'],
      `SELECT feed, symbol, timeframe, cast(ts as long) ts, cast(ts_recv as long) ts_recv FROM bar_events
        WHERE ts_recv > ${sqlTimestamp(tsRecv)}${since(options.sinceUs)} ORDER BY ts_recv`,
      options,
    );
    return asObjects(answer).map((row) => typedRow(row));
  }

  /** Streamed trades that were received after `tsRecv`, in that order; `sinceUs` as above. */
  async tradeEventsAfter(
    tsRecv: number,
    options: SettledOptions & { readonly sinceUs?: number } = {},
  ): Promise<{ account: string; deal_id: Id | null; ts: number; ts_recv: number }[]> {
    const answer = await this.#ask(
      ['trade_events'],
      `SELECT account, deal_id, cast(ts as long) ts, cast(ts_recv as long) ts_recv FROM trade_events
        WHERE ts_recv > ${sqlTimestamp(tsRecv)}${since(options.sinceUs)} ORDER BY ts_recv`,
      options,
    );
    return answer.dataset.map(([account, id, ts, received]) => ({
      account: account as string,
      deal_id: id === null || id === undefined ? null : exactLong(id),
      ts: Number(ts),
      ts_recv: Number(received),
    }));
  }

  /** The newest row of each account. */
  accounts(options: SettledOptions = {}): Promise<TableRow<'accounts'>[]> {
    return this.#select(
      'accounts',
      `SELECT ${selectList('accounts')} FROM accounts LATEST ON ts PARTITION BY account`,
      options,
    );
  }

  /** The newest row of each symbol of a feed. */
  async latestSpecs(
    feed: string,
    options: SettledOptions = {},
  ): Promise<Map<string, TableRow<'symbol_specs'>>> {
    const rows = await this.#rows(
      'symbol_specs',
      `${sqlEquals({ feed })} LATEST ON ts PARTITION BY symbol`,
      options,
    );
    return new Map(rows.map((row) => [row.symbol, row]));
  }

  /** The newest row of each stream of an account. */
  historyLimits(account: string, options: SettledOptions = {}): Promise<TableRow<'history_limits'>[]> {
    return this.#rows(
      'history_limits',
      `${sqlEquals({ account })} LATEST ON ts PARTITION BY feed, symbol, stream, timeframe`,
      options,
    );
  }

  /** Every decision about a server's clock, by `ts` and `ts_decided`; of several for one `ts` the last holds. */
  clockRules(server: string, options: SettledOptions = {}): Promise<TableRow<'clock_rules'>[]> {
    return this.#rows('clock_rules', `${sqlEquals({ server })} ORDER BY ts, ts_decided`, options);
  }

  /** Evidence of a server's clock: every offset, and the newest edges of each symbol, by `ts`. */
  async clockEvidence(server: string, options: SettledOptions = {}): Promise<TableRow<'clock_evidence'>[]> {
    const of = sqlEquals({ server });
    const edges = sqlEquals({ server, kind: 'edges' });
    const [offsets, latest] = await Promise.all([
      this.#rows('clock_evidence', `${of} AND kind != 'edges' ORDER BY ts`, options),
      this.#rows('clock_evidence', `${edges} LATEST ON ts PARTITION BY symbol`, options),
    ]);
    return [...offsets, ...latest].toSorted((a, b) => a.ts - b.ts);
  }

  /** Every decision about when symbols of a feed trade, or one symbol, by `ts` and `ts_decided`; of several the last decided holds. */
  sessions(
    { feed, symbol }: { readonly feed: string; readonly symbol?: string },
    options: SettledOptions = {},
  ): Promise<TableRow<'trading_sessions'>[]> {
    const of = symbol === undefined ? { feed } : { feed, symbol };
    return this.#rows('trading_sessions', `${sqlEquals(of)} ORDER BY ts, ts_decided`, options);
  }

  /** Every time that a stream of the account was configured, by `ts`. */
  streams(account: string, options: SettledOptions = {}): Promise<TableRow<'streams'>[]> {
    return this.#rows('streams', `${sqlEquals({ account })} ORDER BY ts`, options);
  }

  /** Everything that happened to one gap, by `ts`; with `writer` only what that role wrote. */
  gapEvents(
    gapId: string,
    options: SettledOptions & { readonly writer?: string } = {},
  ): Promise<TableRow<'gap_events'>[]> {
    const of = { gap_id: gapId, ...(options.writer === undefined ? {} : { writer: options.writer }) };
    return this.#rows('gap_events', `${sqlEquals(of)} ORDER BY ts`, options);
  }

  #rows<N extends TableName>(
    table: N,
    where: string,
    options: SettledOptions,
    settled = false,
  ): Promise<TableRow<N>[]> {
    const sql = `SELECT ${selectList(table)} FROM ${table} WHERE ${where}`;
    return this.#select(table, sql, options, settled);
  }

  async #select<N extends TableName>(
    table: N,
    sql: string,
    options: SettledOptions,
    settled = false,
  ): Promise<TableRow<N>[]> {
    return readRows(table, await this.#ask(settled ? [] : [table], sql, options));
  }

  async #byIds<N extends 'deals' | 'deal_revisions' | 'positions' | 'position_revisions'>(
    table: N,
    column: 'deal_id' | 'position_id',
    account: string,
    ids: readonly Id[],
    options: SettledOptions,
  ): Promise<TableRow<N>[]> {
    const rows: TableRow<N>[] = [];
    for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
      const some = ids.slice(from, from + IDS_AT_ONCE).map(sqlId);
      const where = `${sqlEquals({ account })} AND ${column} IN (${some.join(',')})`;
      for (const row of await this.#rows(table, where, options, from > 0)) rows.push(row);
    }
    return rows;
  }

  async #ask(tables: readonly TableName[], sql: string, options: SettledOptions): Promise<ExecAnswer> {
    if (tables.length > 0) await requireSettled(this.#http, this.#clock, tables, options);
    return await this.#http.exec(sql, { signal: options.signal });
  }
}

const symbolKey = ({ feed, symbol }: SymbolKey): string => sqlEquals({ feed, symbol });
const barKey = ({ feed, symbol, timeframe }: BarKey): string => sqlEquals({ feed, symbol, timeframe });
const since = (us: number | undefined): string => (us === undefined ? '' : ` AND ts >= ${sqlTimestamp(us)}`);
