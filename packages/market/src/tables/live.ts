// The tables of the live path: what the collector writes.
import {
  always,
  boolean,
  defineTable,
  double,
  id,
  int,
  long,
  symbol,
  timestamp,
  varchar,
  word,
} from './column.ts';
import {
  account,
  brokerSymbol,
  feed,
  feedOrNone,
  lots,
  magic,
  money,
  openHighLowClose,
  price,
  side,
  statedText,
  streamColumns,
  timeframe,
  tsRecv,
  utcOffset,
} from './common.ts';

/** One row per tape line that carried a tick. */
const ticks = defineTable({
  name: 'ticks',
  partition: 'DAY',
  writer: 'collector; backfill (source `history`, only inside gaps)',
  columns: {
    ts: always(timestamp('time of the tick')),
    feed,
    symbol: brokerSymbol,
    ts_recv: always(
      timestamp(`${tsRecv.meaning}. Rows from history: the time of the answer, + 1 µs per row`),
    ),
    bid: always(price),
    ask: always(price),
    last: double('price of the last deal; null when absent or 0'),
    volume: double('lots or contracts of the last deal; null when absent or 0'),
    utc_offset_s: always(utcOffset),
    source: always(word(['live', 'snapshot', 'history'])),
    quality: symbol(
      "`crossed` (bid above ask), `one_sided` (bid or ask is 0), `late` (a delayed symbol: at least 20 minutes old on receipt, while the broker's clock was right), `machine_clock` (the recorder's clock had just jumped, or was behind or wrong: `ts_recv` is not the receive time), `server_clock` (the broker's clock had just jumped: `ts` may be off); several are joined by `+`; null: nothing to report",
    ),
  },
  keys: ['ts', 'feed', 'symbol', 'ts_recv'],
});

/** A bar as streamed. */
const barEvents = defineTable({
  name: 'bar_events',
  partition: 'MONTH',
  writer: 'collector',
  columns: {
    ts: always(timestamp('opening time of the bar')),
    feed,
    symbol: brokerSymbol,
    timeframe,
    ts_recv: tsRecv,
    ...openHighLowClose,
    tick_volume: long('ticks in the bar'),
    real_volume: id('traded volume, as the broker gives it'),
    spread_points: int('points'),
    utc_offset_s: always(utcOffset),
  },
  keys: ['ts', 'feed', 'symbol', 'timeframe', 'ts_recv'],
});

/** A trade as streamed. */
const tradeEvents = defineTable({
  name: 'trade_events',
  partition: 'MONTH',
  writer: 'collector',
  columns: {
    ts: always(timestamp('time of the trade')),
    account,
    ts_recv: tsRecv,
    deal_id: always(id('ticket of the deal')),
    order_id: id('ticket of the order'),
    position_id: id('identifier of the position; null or 0 on old bridges'),
    symbol: symbol('as the broker spells it'),
    type: side,
    entry: symbol('`In`, `Out`, `InOut`, `Unknown`, as the gateway reports it'),
    volume: lots,
    price,
    profit: money,
    commission: money,
    swap: money,
    magic,
    comment: statedText,
    degraded: boolean('true: the gateway did not know entry and costs yet'),
    utc_offset_s: always(utcOffset),
  },
  keys: ['ts', 'account', 'ts_recv'],
});

/** The account's summary. */
const accountEvents = defineTable({
  name: 'account_events',
  partition: 'MONTH',
  writer: 'collector',
  columns: {
    ts: always(timestamp('time of receipt')),
    account,
    balance: always(money),
    credit: money,
    profit: money,
    equity: always(money),
    margin: money,
    free_margin: money,
    margin_level: double('percent'),
  },
  keys: ['ts', 'account'],
});

/** One open position or pending order of a `positions` frame; an empty frame is one row of kind `none`, ticket 0. */
const positionEvents = defineTable({
  name: 'position_events',
  partition: 'DAY',
  writer: 'collector',
  columns: {
    ts: always(timestamp('time of receipt')),
    account,
    ticket: always(id('ticket of the position or order; 0 in a row of kind `none`')),
    symbol: symbol('as the broker spells it'),
    type: side,
    kind: always(symbol('`Position`, `Pending`; `none`: the frame was empty')),
    volume: lots,
    price_open: price,
    price_current: price,
    stop_loss: price,
    take_profit: price,
    swap: money,
    profit: money,
    magic,
    comment: statedText,
    ts_open: timestamp('when it was opened'),
    utc_offset_s: utcOffset,
  },
  keys: ['ts', 'account', 'ticket'],
});

/** A range `[ts, ts_to)` that is known to be complete. */
const coverage = defineTable({
  name: 'coverage',
  partition: 'MONTH',
  writer: 'collector (`live`), backfill (`history`)',
  columns: {
    ts: always(timestamp('start of the range, included')),
    account,
    ...streamColumns,
    range_id: always(
      varchar('identity of the range; as the range grows, its row is written again with a later end'),
    ),
    ts_to: always(timestamp('end of the range, not included')),
    source: always(word(['live', 'history'])),
    rows: always(long('rows that were written for it')),
    rule_id: always(
      varchar(
        'clock rule by which the range was recorded; a range recorded with another rule is a row of its own',
      ),
    ),
  },
  keys: ['ts', 'account', 'feed', 'symbol', 'stream', 'timeframe', 'range_id'],
});

/**
 * The events of each gap: what happened, when, who wrote it. Each row has all facts of the gap; the view `gaps` shows the newest row of
 * each `gap_id`.
 */
const gapEvents = defineTable({
  name: 'gap_events',
  partition: 'MONTH',
  writer: 'collector (opened, ended); backfill (states; opened for `undercount`, `refused` and `rejected`)',
  columns: {
    ts: always(timestamp('time of the event (of the tape line that caused it)')),
    gap_id: always(
      varchar(
        'identity of the gap; `.condemned` (rows that the database refuses), `.aside` (a stretch that was set aside), `.out` (left-out frames) and `.untimed` (ticks without a known time) mark gaps that open and end in one event',
      ),
    ),
    writer: always(symbol('`collector`, `backfill`')),
    outage_id: always(varchar('the incident; its gaps share this id')),
    account,
    feed: feedOrNone,
    symbol: streamColumns.symbol,
    stream: streamColumns.stream,
    timeframe: streamColumns.timeframe,
    event: always(
      word(
        ['opened', 'ended', 'state'],
        '; `opened` comes again when an open gap turns out to begin earlier; a `state` is from healing',
      ),
    ),
    ts_from: always(timestamp('start of the gap, included')),
    ts_to: timestamp('end of the gap, not included; null while it is open'),
    cause: always(
      symbol(
        '`disconnect`, `server_dropped`, `broker_disconnected`, `stalled`, `process_down`, `not_subscribed`, `tape_damaged`, `rejected`, `undercount`, `refused`; `undercount`: of ticks, fewer than the broker counted; of bars, deals and positions, stored rows that have disappeared; of deals and positions also trades known by number that history has not shown (evidence `numbers`). `not_subscribed` with evidence that begins with `left out`: in the first half minute of a subscription, frames were left out that were either late snapshots or second ticks equal to earlier ones; `missing_estimate` counts them, and frames within 2 s of each other share a gap; those of one connection share an outage',
      ),
    ),
    state: always(
      word(['open', 'healed', 'verified_empty', 'unrecoverable'], '; only `open` can still change'),
    ),
    rows_healed: long('rows that history added'),
    missing_estimate: long(
      'estimated number of missing rows. Exact when the evidence begins with `left out`. An estimate from bars counts every row missing from the minutes that the gap touches; two gaps in one minute each show that minute’s whole loss, so do not add them up. For an open gap that a gateway `warning` caused, the number of messages that the gateway dropped, over all streams',
    ),
    evidence: varchar('what the event is based on'),
  },
  keys: ['ts', 'gap_id', 'writer'],
});

/** What could not be stored, as received. */
const rejected = defineTable({
  name: 'rejected',
  partition: 'DAY',
  writer: 'collector, backfill',
  columns: {
    ts: always(timestamp('time of receipt')),
    account,
    ts_recv: tsRecv,
    kind: always(
      symbol(
        '`tick`, `bar`, `trade`, …, `frame` (not JSON), `unknown`, `history_deal` and similar; `field`: the record is stored without this field',
      ),
    ),
    reason: always(varchar('why it could not be stored; names every affected field')),
    raw: always(varchar('as received, cut at 1 MiB; the tape has the whole text')),
  },
  keys: ['ts', 'account', 'ts_recv'],
});

/** The tables that the collector writes. `coverage`, `gap_events`, `rejected` and, inside gaps, `ticks` also have other writers. */
export const liveTables = {
  ticks,
  bar_events: barEvents,
  trade_events: tradeEvents,
  account_events: accountEvents,
  position_events: positionEvents,
  coverage,
  gap_events: gapEvents,
  rejected,
} as const;
