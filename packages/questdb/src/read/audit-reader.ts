// Queries that find rows which have disappeared: `bars`, `deals` and `positions` are compared with their revisions, which are always written
// first. In: a feed or an account. Out: counts and times, microseconds UTC. Refused while a table lags, like every reader.
import type { Clock } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import type { TimeRange } from './history-reader.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { requireSettled, type SettledOptions } from '../wire/settled-tables.ts';
import { sqlEquals, sqlTimestamp, sqlWithin } from '../wire/sql-text.ts';
import type { TableName } from '@fxtape/market/tables';

/** How many bars of one stream a range has. */
export interface BarCount {
  readonly symbol: string;
  readonly timeframe: string;
  readonly rows: number;
}

const PARTITIONED = [
  'bars',
  'bar_revisions',
  'deals',
  'deal_revisions',
  'positions',
  'position_revisions',
] as const satisfies readonly TableName[];

type TradeTable = 'deals' | 'deal_revisions' | 'positions' | 'position_revisions';
type Whose = { readonly feed: string } | { readonly account: string };

/** Errors of every method but `partitionRows`: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient); of all: those of `exec`. */
export class AuditReader {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #clock: Clock;

  constructor(options: { http: Pick<QuestDbHttp, 'exec'>; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  /**
   * Rows of each partition of these tables and their revisions: `<table> <partition>` → rows. Reads no row and waits for no log: a table that
   * lags shows fewer rows than it will have, but never fewer than before.
   */
  async partitionRows(options: SettledOptions = {}): Promise<ReadonlyMap<string, number>> {
    const sql = PARTITIONED.map(
      (table) => `SELECT '${table}' t, name, numRows FROM table_partitions('${table}')`,
    );
    const { dataset } = await this.#http.exec(sql.join(' UNION ALL '), { signal: options.signal });
    return new Map(dataset.map(([table, name, rows]) => [`${String(table)} ${String(name)}`, Number(rows)]));
  }

  /** The range from the first to the last version; null when there is none. */
  async reach(
    table: 'bar_revisions' | 'deal_revisions' | 'position_revisions',
    whose: Whose,
    options: SettledOptions = {},
  ): Promise<TimeRange | null> {
    const sql = `SELECT cast(min(ts) as long), cast(max(ts) as long) FROM ${table} WHERE ${sqlEquals({ ...whose })}`;
    const [first, last] = (await this.#ask([table], sql, options)).dataset[0] ?? [];
    if (first === null || first === undefined || last === null || last === undefined) return null;
    return { fromUs: Number(first), toUs: Number(last) + 1 };
  }

  /** Bars that open in the range by stream. */
  async barCounts(feed: string, range: TimeRange, options: SettledOptions = {}): Promise<BarCount[]> {
    const answer = await this.#ask(
      ['bars'],
      `SELECT symbol, timeframe, count() n FROM bars WHERE ${sqlEquals({ feed })} AND ${sqlWithin(range)}`,
      options,
    );
    return asObjects(answer).map(counted);
  }

  /** Bars that open in the range and were first seen before `seenUs`, by stream. */
  async versionedBarCounts(
    feed: string,
    range: TimeRange,
    seenUs: number,
    options: SettledOptions = {},
  ): Promise<BarCount[]> {
    const answer = await this.#ask(
      ['bar_revisions'],
      `SELECT symbol, timeframe, count_distinct(ts) n FROM bar_revisions
        WHERE ${sqlEquals({ feed })} AND ${sqlWithin(range)} AND ts_seen < ${sqlTimestamp(seenUs)}`,
      options,
    );
    return asObjects(answer).map(counted);
  }

  /** When the bars of one stream open, in order, each once. `seenUs`: of the versions only those seen before. */
  async barTimes(
    table: 'bars' | 'bar_revisions',
    of: { feed: string; symbol: string; timeframe: string },
    range: TimeRange,
    seenUs: number | null,
    options: SettledOptions = {},
  ): Promise<number[]> {
    const { feed, symbol, timeframe } = of;
    const seen = seenUs === null ? '' : ` AND ts_seen < ${sqlTimestamp(seenUs)}`;
    const answer = await this.#ask(
      [table],
      `SELECT DISTINCT cast(ts as long) t FROM ${table}
        WHERE ${sqlEquals({ feed, symbol, timeframe })} AND ${sqlWithin(range)}${seen} ORDER BY t`,
      options,
    );
    return answer.dataset.map(([ts]) => Number(ts));
  }

  /** Deals or positions of the range: id as text → its time. `seenUs`: of the versions only those seen before. */
  async tradeTimes(
    table: TradeTable,
    account: string,
    range: TimeRange,
    seenUs: number | null,
    options: SettledOptions = {},
  ): Promise<ReadonlyMap<string, number>> {
    const seen = seenUs === null ? '' : ` AND ts_seen < ${sqlTimestamp(seenUs)}`;
    const id = table.startsWith('deal') ? 'deal_id' : 'position_id';
    const answer = await this.#ask(
      [table],
      `SELECT DISTINCT ${id}, cast(ts as long) t FROM ${table} WHERE ${sqlEquals({ account })} AND ${sqlWithin(range)}${seen}`,
      options,
    );
    return new Map(answer.dataset.map(([number, ts]) => [String(number), Number(ts)]));
  }

  async #ask(tables: readonly TableName[], sql: string, options: SettledOptions) {
    await requireSettled(this.#http, this.#clock, tables, options);
    return await this.#http.exec(sql, { signal: options.signal });
  }
}

const counted = (row: Record<string, unknown>): BarCount => ({
  symbol: String(row['symbol']),
  timeframe: String(row['timeframe']),
  rows: Number(row['n']),
});
