// Finds missing trades by number: streamed trades without a deal, and positions that a deal closed without a row. In: an account and a range,
// microseconds UTC. Out: numbers and times. Coverage cannot show them: history may list a deal only after its range was covered. Refused
// while a table lags, like every reader.
import type { Clock } from '@fxtape/ops';
import type { TimeRange } from './history-reader.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { requireSettled, type SettledOptions } from '../wire/settled-tables.ts';
import { sqlEquals, sqlTimestamp, sqlWithin } from '../wire/sql-text.ts';
import type { TableName } from '@fxtape/market/tables';

export type TradeStream = 'deals' | 'positions';

/** A deal or a position, and when it was made or closed. */
export interface TradeNumber {
  /** Decimal text. */
  readonly id: string;
  readonly atUs: number;
}

/** Most trades of one answer; the rest comes when these are settled. */
const MOST = 1000;
/** Numbers per statement, which must stay short. */
const NUMBERS_AT_ONCE = 500;
/** Lots are multiples of a thousandth at least. */
const NOTHING_OPEN = 1e-6;
const DAY_US = 86_400_000_000;

const ID_OF = { deals: 'deal_id', positions: 'position_id' } as const;

/** Every method's errors: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient), and those of `exec`. */
export class TradeReader {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #clock: Clock;

  constructor(options: { http: Pick<QuestDbHttp, 'exec'>; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  /** The newest deal, or the position that was closed last, of the range; null when there is none. */
  async lastBefore(
    stream: TradeStream,
    account: string,
    range: TimeRange,
    options: SettledOptions = {},
  ): Promise<TradeNumber | null> {
    const [row] = await this.#numbers([stream], `${of(stream, account, range)} DESC LIMIT 1`, options);
    return row ?? null;
  }

  /** Deals made, or positions closed, in the range, by time. */
  between(
    stream: TradeStream,
    account: string,
    range: TimeRange,
    options: SettledOptions = {},
  ): Promise<TradeNumber[]> {
    return this.#numbers([stream], of(stream, account, range), options);
  }

  /** Those of the numbers that have no row. */
  async notStored(
    stream: TradeStream,
    account: string,
    ids: readonly string[],
    options: SettledOptions = {},
  ): Promise<string[]> {
    const id = ID_OF[stream];
    const left: string[] = [];
    for (let at = 0; at < ids.length; at += NUMBERS_AT_ONCE) {
      const some = ids.slice(at, at + NUMBERS_AT_ONCE);
      const known = await this.#numbers(
        [stream],
        `SELECT ${id}, cast(ts as long) FROM ${stream} WHERE ${sqlEquals({ account })} AND ${id} IN (${some.join(',')})`,
        options,
      );
      const stored = new Set(known.map((row) => row.id));
      left.push(...some.filter((each) => !stored.has(each)));
    }
    return left;
  }

  /** Missing deals or positions by time, without those that the evidence of an unhealed gap names. */
  async missing(
    stream: TradeStream,
    account: string,
    range: TimeRange,
    options: SettledOptions = {},
  ): Promise<TradeNumber[]> {
    const found =
      stream === 'deals'
        ? await this.#missingDeals(account, range, options)
        : await this.#missingPositions(account, range, options);
    // A row whose time is far off is still found by its number.
    const absent = new Set(
      await this.notStored(
        stream,
        account,
        found.map(({ id }) => id),
        options,
      ),
    );
    if (absent.size === 0) return [];
    const { dataset } = await this.#ask(
      ['gap_events'],
      `SELECT evidence FROM (SELECT * FROM gap_events WHERE ${sqlEquals({ account, stream })} AND cause = 'undercount' LATEST ON ts PARTITION BY gap_id)
        WHERE state IN ('open', 'unrecoverable') AND evidence IS NOT NULL`,
      options,
    );
    const named = dataset.map(([evidence]) => String(evidence));
    return found.filter(({ id }) => absent.has(id) && !named.some((text) => text.includes(`"${id}"`)));
  }

  /** When a position was opened, as far as that was streamed; else null. */
  async opened(account: string, positionId: string, options: SettledOptions = {}): Promise<number | null> {
    const of = sqlEquals({ account });
    const times = [
      ...(await this.#numbers(
        ['trade_events', 'position_events'],
        `SELECT position_id, cast(min(ts) as long) FROM trade_events WHERE ${of} AND position_id = ${positionId}`,
        options,
      )),
      ...(await this.#numbers(
        [],
        `SELECT ticket, cast(min(ts_open) as long) FROM position_events WHERE ${of} AND ticket = ${positionId} AND ts_open IS NOT NULL`,
        options,
      )),
    ].map(({ atUs }) => atUs);
    return times.length === 0 ? null : Math.min(...times);
  }

  /**
   * Trades that were streamed with a time in the range and are no deals. MT4 does not number its deals: there a closing trade is the order
   * that it closed, once that is not open any more.
   */
  async #missingDeals(account: string, range: TimeRange, options: SettledOptions): Promise<TradeNumber[]> {
    const of = sqlEquals({ account });
    const { dataset } = await this.#ask(
      ['trade_events', 'deals'],
      `SELECT t.n, t.at, t.unnumbered FROM
        (SELECT n, cast(max(ts) as long) at, max(unnumbered) unnumbered FROM (
          SELECT ts, CASE WHEN deal_id != 0 THEN deal_id ELSE position_id END n, CASE WHEN deal_id != 0 THEN 0 ELSE 1 END unnumbered
            FROM trade_events WHERE ${of} AND ${sqlWithin(range)} AND (deal_id != 0 OR (entry = 'Out' AND position_id > 0)))) t
        LEFT JOIN (SELECT deal_id FROM deals WHERE ${of} AND ${sqlWithin(around(range))}) d ON t.n = d.deal_id
        WHERE d.deal_id IS NULL ORDER BY t.at LIMIT ${MOST}`,
      options,
    );
    const rows = dataset.map(([id, at, unnumbered]) => ({
      id: String(id),
      atUs: Number(at),
      isNumbered: Number(unnumbered) === 0,
    }));
    if (rows.every(({ isNumbered }) => isNumbered)) return rows;
    const open = await this.#numbers(
      ['position_events'],
      `SELECT ticket, cast(ts as long) FROM position_events WHERE ${of}
        AND ts = (SELECT max(ts) FROM position_events WHERE ${of})`,
      options,
    );
    const isOpen = new Set(open.map(({ id }) => id));
    return rows.filter(({ id, isNumbered }) => isNumbered || !isOpen.has(id));
  }

  /** Positions of which a deal of the range closed the last part, and that are no rows. On MT4 a closed order is one row of its own number. */
  async #missingPositions(
    account: string,
    range: TimeRange,
    options: SettledOptions,
  ): Promise<TradeNumber[]> {
    const of = sqlEquals({ account });
    const near = around(range);
    const absent = await this.#numbers(
      ['deals', 'positions'],
      `SELECT d.n, d.at FROM
        (SELECT position_id n, cast(max(ts) as long) at FROM deals
          WHERE ${of} AND ${sqlWithin(range)} AND position_id > 0 AND entry != 'In') d
        LEFT JOIN (SELECT position_id FROM positions WHERE ${of} AND ts_close >= ${sqlTimestamp(near.fromUs)} AND ts_close < ${sqlTimestamp(near.toUs)}) p
          ON d.n = p.position_id
        WHERE p.position_id IS NULL ORDER BY d.at LIMIT ${MOST}`,
      options,
    );
    const over = new Set<string>();
    for (let at = 0; at < absent.length; at += NUMBERS_AT_ONCE) {
      const ids = absent.slice(at, at + NUMBERS_AT_ONCE).map(({ id }) => id);
      const { dataset } = await this.#ask(
        [],
        `SELECT position_id, sum(CASE WHEN type = 'Buy' THEN volume WHEN type = 'Sell' THEN -volume ELSE 0.0 END),
          sum(CASE WHEN deal_id = position_id AND type IN ('Buy', 'Sell') THEN 1 ELSE 0 END),
          max(CASE WHEN entry != 'In' THEN cast(ts as long) ELSE 0L END)
          FROM deals WHERE ${of} AND position_id IN (${ids.join(',')})`,
        options,
      );
      for (const [id, net, own, last] of dataset) {
        // Part of it was closed in the range and the rest later: its row has the time of the last part, whose range is not fetched yet.
        if (Number(last) >= range.toUs) continue;
        if (Math.abs(Number(net)) < NOTHING_OPEN || Number(own) > 0) over.add(String(id));
      }
    }
    return absent.filter(({ id }) => over.has(id));
  }

  async #numbers(tables: readonly TableName[], sql: string, options: SettledOptions): Promise<TradeNumber[]> {
    const { dataset } = await this.#ask(tables, sql, options);
    return dataset.map(([id, at]) => ({ id: String(id), atUs: Number(at) }));
  }

  async #ask(tables: readonly TableName[], sql: string, options: SettledOptions) {
    if (tables.length > 0) await requireSettled(this.#http, this.#clock, tables, options);
    return await this.#http.exec(sql, { signal: options.signal });
  }
}

/** The range with a day on each side: rows may have been moved a little. */
const around = ({ fromUs, toUs }: TimeRange): TimeRange => ({
  fromUs: Math.max(0, fromUs - DAY_US),
  toUs: toUs + DAY_US,
});

const of = (stream: TradeStream, account: string, { fromUs, toUs }: TimeRange): string => {
  const ts = stream === 'deals' ? 'ts' : 'ts_close';
  return `SELECT ${ID_OF[stream]}, cast(${ts} as long) FROM ${stream} WHERE ${sqlEquals({ account })}
    AND ${ts} >= ${sqlTimestamp(fromUs)} AND ${ts} < ${sqlTimestamp(toUs)} ORDER BY ${ts}`;
};
