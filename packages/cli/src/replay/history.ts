// Past bars, ticks, deals and positions as the gateway's history routes show them, from the tables. In: bounds on the broker's clock.
// Out: the rows between them, both bounds included, oldest first; none later than the replay's now.
import type { HistoryAnswer, HistoryRange } from '@fxtape/simulator/replay';
import { type BrokerMs, formatBrokerTime, type TableName, type TableRow } from '@fxtape/market';
import { type QuestDbHttp, readRows, selectList, sqlText, sqlTimestamp } from '@fxtape/questdb';

/** Most rows in one answer. */
const MOST_ROWS = 100_000;
/** No broker's clock is further from UTC. */
const WIDEST_OFFSET_MS = 14 * 3_600_000;
const MINUTE_MS = 60_000;
/** Length of a bar; a month counts as its longest, because a bar is shown only once it has closed. */
const LENGTH_MS: Readonly<Record<string, number>> = {
  M1: MINUTE_MS,
  M5: 5 * MINUTE_MS,
  M15: 15 * MINUTE_MS,
  M30: 30 * MINUTE_MS,
  H1: 60 * MINUTE_MS,
  H4: 240 * MINUTE_MS,
  D1: 1440 * MINUTE_MS,
  W1: 7 * 1440 * MINUTE_MS,
  MN1: 31 * 1440 * MINUTE_MS,
};

type Fields = Record<string, unknown>;
const brokerMsOf = (us: number, offsetS: number): BrokerMs =>
  (Math.floor(us / 1000) + offsetS * 1000) as BrokerMs;
const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

export class RecordedHistory {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  readonly #of: { readonly account: string; readonly feed: string | null };

  constructor(http: Pick<QuestDbHttp, 'exec'>, of: { account: string; feed: string | null }) {
    this.#http = http;
    this.#of = of;
  }

  bars(symbol: string, timeframe: string, range: HistoryRange): Promise<HistoryAnswer> {
    const lengthMs = LENGTH_MS[timeframe] ?? 0;
    const where = `${this.#series(symbol)} AND timeframe = ${sqlText(timeframe)}`;
    return this.#read('bars', where, { ...range, to: Math.min(range.to, range.nowMs - lengthMs) }, (row) => ({
      time: row.ts,
      open: row.open,
      high: row.high,
      low: row.low,
      close: row.close,
      tickVolume: row.tick_volume,
      realVolume: row.real_volume,
      spread: row.spread_points,
    }));
  }

  ticks(symbol: string, range: HistoryRange): Promise<HistoryAnswer> {
    return this.#read(
      'ticks',
      this.#series(symbol),
      range,
      ({ ask, bid, last, ts, utc_offset_s, volume }) => ({
        time: ts,
        timeMsc: brokerMsOf(ts, utc_offset_s),
        bid,
        ask,
        last,
        volume,
      }),
    );
  }

  deals(range: HistoryRange): Promise<HistoryAnswer> {
    return this.#read('deals', `account = ${sqlText(this.#of.account)}`, range, (row) => ({
      ticket: row.deal_id,
      order: row.order_id,
      position: row.position_id,
      symbol: row.symbol,
      type: row.type,
      entry: row.entry,
      volume: row.volume,
      price: row.price,
      profit: row.profit,
      commission: row.commission,
      swap: row.swap,
      magic: row.magic,
      comment: row.comment,
      time: row.ts,
    }));
  }

  /** Positions that were closed in the range. */
  positions(range: HistoryRange): Promise<HistoryAnswer> {
    const where = `account = ${sqlText(this.#of.account)}`;
    return this.#read('positions', where, range, (row) => ({
      positionId: row.position_id,
      symbol: row.symbol,
      type: row.type,
      volume: row.volume,
      openTime: row.ts,
      openPrice: row.price_open,
      closeTime: row.ts_close,
      closePrice: row.price_close,
      profit: row.profit,
      swap: row.swap,
      commission: row.commission,
      netProfit: row.net_profit,
      magic: row.magic,
      comment: row.comment,
    }));
  }

  #series(symbol: string): string {
    return `feed = ${sqlText(this.#of.feed ?? '')} AND symbol = ${sqlText(symbol)}`;
  }

  /** `toFields` returns times in µs UTC, in the fields of TIME_FIELDS; they become broker time. */
  async #read<N extends 'bars' | 'ticks' | 'deals' | 'positions'>(
    table: N,
    where: string,
    { from, nowMs, to }: HistoryRange,
    toFields: (row: TableRow<N>) => Fields,
  ): Promise<HistoryAnswer> {
    const timeColumn = table === 'positions' ? 'ts_close' : 'ts';
    const endMs = Math.min(to, nowMs);
    const brokerUs = `cast(${timeColumn} as long) + utc_offset_s * 1000000L`;
    // The first bounds are wide, and fast; the exact ones are on the row's own clock.
    const bounds = [
      ...(Number.isFinite(from)
        ? [
            `${timeColumn} >= ${sqlTimestamp((from - WIDEST_OFFSET_MS) * 1000)}`,
            `${brokerUs} >= ${from * 1000}`,
          ]
        : []),
      `${timeColumn} <= ${sqlTimestamp((endMs + WIDEST_OFFSET_MS) * 1000 + 999)}`,
      `${brokerUs} <= ${endMs * 1000 + 999}`,
    ].join(' AND ');
    const sql = `SELECT ${selectList(table)} FROM ${table} WHERE ${where} AND ${bounds} ORDER BY ${timeColumn} LIMIT ${MOST_ROWS + 1}`;
    const rows = readRows(table as TableName, await this.#http.exec(sql)) as TableRow<N>[];
    if (rows.length > MOST_ROWS) return 'too_many';
    return rows.map((row) => {
      const { utc_offset_s: offsetS } = row;
      const fields = toFields(row);
      for (const name of TIME_FIELDS)
        if (typeof fields[name] === 'number')
          fields[name] = formatBrokerTime(brokerMsOf(fields[name], offsetS));
      return withoutNulls(fields);
    });
  }
}

const TIME_FIELDS = ['time', 'openTime', 'closeTime'] as const;
