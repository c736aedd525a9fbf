// Queries of the planner: which gaps can be healed, for which ranges history was refused and since when, when ticks were configured, and which
// days were compared with the broker's. In: an account or a feed. Out: rows, times in microseconds UTC. Refused while a table that a query
// reads is suspended or behind, like every reader.
import type { Clock } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import { type GapRow, typedRow } from './gap-rows.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { readRows, selectList } from './row-select.ts';
import { requireSettled, type SettledOptions } from '../wire/settled-tables.ts';
import { sqlEquals, sqlText, sqlTimestamp, sqlWhose } from '../wire/sql-text.ts';
import type { TableRow } from '@fxtape/market/tables';

/** A gap that history opened and that is not filled. */
export interface RefusedRange {
  readonly gap_id: string;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly ts_from: number;
  readonly ts_to: number;
  /** When it was first written. */
  readonly ts: number;
  readonly ts_updated: number;
}

/** `feed`: of this feed as well, whichever account recorded it. */
type WhoseOptions = SettledOptions & { readonly feed?: string | null };

const CAUSES = "cause IN ('refused', 'rejected')";

/** Every method's errors: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient), and those of `exec`. */
export class PlanningReader {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #clock: Clock;

  constructor(options: { http: Pick<QuestDbHttp, 'exec'>; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  /** Ranges of an account, and of its feed, with an end whose gap has the cause `refused` or `rejected` and is open or unrecoverable. */
  async refusals(account: string, options: WhoseOptions = {}): Promise<RefusedRange[]> {
    await requireSettled(this.#http, this.#clock, ['gap_events'], options);
    const of = `${sqlWhose({ account, feed: options.feed })} AND ${CAUSES}`;
    const answer = await this.#http.exec(
      `SELECT g.gap_id, g.feed, g.symbol, g.stream, g.timeframe, cast(g.ts_from as long) ts_from, cast(g.ts_to as long) ts_to,
        cast(f.ts as long) ts, cast(g.ts_updated as long) ts_updated
        FROM (SELECT * FROM gaps WHERE ${of} AND state IN ('open', 'unrecoverable') AND ts_to IS NOT NULL) g
        JOIN (SELECT gap_id, min(ts) ts FROM gap_events WHERE ${of} GROUP BY gap_id) f ON g.gap_id = f.gap_id`,
      { signal: options.signal },
    );
    return asObjects(answer).map((row) => typedRow<RefusedRange>(row));
  }

  /** When ticks of the symbols of a feed were configured, by whichever account, by `ts`. */
  async tickStreams(feed: string, options: SettledOptions = {}): Promise<TableRow<'streams'>[]> {
    await requireSettled(this.#http, this.#clock, ['streams'], options);
    const where = `${sqlEquals({ feed, stream: 'ticks' })} ORDER BY ts`;
    const sql = `SELECT ${selectList('streams')} FROM streams WHERE ${where}`;
    return readRows('streams', await this.#http.exec(sql, { signal: options.signal }));
  }

  /** Gaps of an account, and of its feed, that have ended and are still open, by `ts_from`. */
  async endedOpenGaps(account: string, options: WhoseOptions = {}): Promise<GapRow[]> {
    // Not the view `gaps`: it would first find the newest event of every gap of every account. A gap never changes its feed or account.
    await requireSettled(this.#http, this.#clock, ['gap_events'], options);
    const answer = await this.#http.exec(
      `SELECT gap_id, outage_id, account, feed, symbol, stream, timeframe, cast(ts_from as long) ts_from, cast(ts_to as long) ts_to,
        cause, state, rows_healed, missing_estimate, evidence, cast(ts as long) ts_updated
        FROM (SELECT * FROM gap_events WHERE ${sqlWhose({ account, feed: options.feed })} LATEST ON ts PARTITION BY gap_id)
        WHERE state = 'open' AND ts_to IS NOT NULL ORDER BY ts_from, gap_id`,
      { signal: options.signal },
    );
    return asObjects(answer).map((row) => typedRow<GapRow>(row));
  }

  /** Days of a feed that have a row which is more than `pending`, from `sinceUs` on. */
  async comparedDays(
    feed: string,
    sinceUs: number,
    options: SettledOptions = {},
  ): Promise<{ symbol: string; ts: number }[]> {
    await requireSettled(this.#http, this.#clock, ['daily_quality'], options);
    const answer = await this.#http.exec(
      `SELECT symbol, cast(ts as long) ts FROM daily_quality
        WHERE ts >= ${sqlTimestamp(sinceUs)} AND feed = ${sqlText(feed)} AND condition != 'pending'`,
      { signal: options.signal },
    );
    return asObjects(answer).map((row) => typedRow<{ symbol: string; ts: number }>(row));
  }
}
