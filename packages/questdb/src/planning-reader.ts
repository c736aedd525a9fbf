// What only the planner asks: which ranges history was refused for, since when, and which days were compared with the broker's. In: an
// account or a feed. Out: rows, times in microseconds UTC. Refused while a table it reads is suspended or behind, like every reader.
import type { Clock } from '@fxtape/ops';
import { asObjects } from './exec-answer.ts';
import { typedRow } from './gap-rows.ts';
import type { QuestDbHttp } from './quest-db-http.ts';
import { requireSettled, type SettledOptions } from './settled-tables.ts';
import { sqlText, sqlTimestamp } from './sql-text.ts';

/** A gap that history itself opened, and that is not filled. */
export interface RefusedRange {
  readonly gap_id: string;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly ts_from: number;
  readonly ts_to: number;
  /** When it was first written. */
  readonly ts: number;
  readonly ts_updated: number;
}

const CAUSES = "cause IN ('refused', 'rejected')";

/** Every method's errors: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient), and those of `exec`. */
export class PlanningReader {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #clock: Clock;

  constructor(options: { http: Pick<QuestDbHttp, 'exec'>; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  /** Ranges with an end whose gap has the cause `refused` or `rejected` and is open or unrecoverable. */
  async refusals(account: string, options: SettledOptions = {}): Promise<RefusedRange[]> {
    await requireSettled(this.#http, this.#clock, ['gap_events'], options);
    const of = `account = ${sqlText(account)} AND ${CAUSES}`;
    const answer = await this.#http.exec(
      `SELECT g.gap_id, g.symbol, g.stream, g.timeframe, cast(g.ts_from as long) ts_from, cast(g.ts_to as long) ts_to,
        cast(f.ts as long) ts, cast(g.ts_updated as long) ts_updated
        FROM (SELECT * FROM gaps WHERE ${of} AND state IN ('open', 'unrecoverable') AND ts_to IS NOT NULL) g
        JOIN (SELECT gap_id, min(ts) ts FROM gap_events WHERE ${of} GROUP BY gap_id) f ON g.gap_id = f.gap_id`,
      { signal: options.signal },
    );
    return asObjects(answer).map((row) => typedRow<RefusedRange>(row));
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
