// The tables of the live path, exactly as the design names them: what the collector writes. The migrations, the encoder and the
// schema check are tested against these definitions. Every `ts` and `ts_*` is true UTC in microseconds.
import { defineTable } from './table-def.ts';

/** One row per tape line that carried a tick. `volume` is null when absent or 0; `quality` is null when nothing is remarked. */
const ticks = defineTable({
  name: 'ticks',
  partition: 'DAY',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    ts_recv: 'timestamp',
    bid: 'double',
    ask: 'double',
    last: 'double',
    volume: 'double',
    utc_offset_s: 'int',
    source: 'symbol',
    quality: 'symbol',
  },
  keys: ['ts', 'feed', 'symbol', 'ts_recv'],
});

/** A bar as it was streamed; `ts` is its opening time. */
const barEvents = defineTable({
  name: 'bar_events',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    timeframe: 'symbol',
    ts_recv: 'timestamp',
    open: 'double',
    high: 'double',
    low: 'double',
    close: 'double',
    tick_volume: 'long',
    real_volume: 'long',
    spread_points: 'int',
    utc_offset_s: 'int',
  },
  keys: ['ts', 'feed', 'symbol', 'timeframe', 'ts_recv'],
});

/** A trade as it was streamed. `degraded` = the terminal no longer had the details. */
const tradeEvents = defineTable({
  name: 'trade_events',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    ts_recv: 'timestamp',
    deal_id: 'long',
    order_id: 'long',
    position_id: 'long',
    symbol: 'symbol',
    type: 'symbol',
    entry: 'symbol',
    volume: 'double',
    price: 'double',
    profit: 'double',
    commission: 'double',
    swap: 'double',
    magic: 'long',
    comment: 'varchar',
    degraded: 'boolean',
    utc_offset_s: 'int',
  },
  keys: ['ts', 'account', 'ts_recv'],
});

/** The account's summary; `ts` is the time of receipt. */
const accountEvents = defineTable({
  name: 'account_events',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    balance: 'double',
    credit: 'double',
    profit: 'double',
    equity: 'double',
    margin: 'double',
    free_margin: 'double',
    margin_level: 'double',
  },
  keys: ['ts', 'account'],
});

/** One row per open position and frame; `ts` is the time of receipt, `volume` is in lots. */
const positionEvents = defineTable({
  name: 'position_events',
  partition: 'DAY',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    ticket: 'long',
    symbol: 'symbol',
    type: 'symbol',
    kind: 'symbol',
    volume: 'double',
    price_open: 'double',
    price_current: 'double',
    stop_loss: 'double',
    take_profit: 'double',
    swap: 'double',
    profit: 'double',
    magic: 'long',
    comment: 'varchar',
    ts_open: 'timestamp',
    utc_offset_s: 'int',
  },
  keys: ['ts', 'account', 'ticket'],
});

/** A range `[ts, ts_to)` that is known to be complete. `feed`, `symbol`, `timeframe` are null where they do not apply or mean all. */
const coverage = defineTable({
  name: 'coverage',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    feed: 'symbol',
    symbol: 'symbol',
    stream: 'symbol',
    timeframe: 'symbol',
    range_id: 'varchar',
    ts_to: 'timestamp',
    source: 'symbol',
    rows: 'long',
    rule_id: 'varchar',
  },
  keys: ['ts', 'account', 'feed', 'symbol', 'stream', 'timeframe', 'range_id'],
  optionalKeys: ['feed', 'symbol', 'timeframe'],
});

/** What happened to a gap, when, by whom. Each row carries the whole picture; the view `gaps` shows the newest of each `gap_id`. */
const gapEvents = defineTable({
  name: 'gap_events',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    gap_id: 'varchar',
    writer: 'symbol',
    outage_id: 'varchar',
    account: 'symbol',
    feed: 'symbol',
    symbol: 'symbol',
    stream: 'symbol',
    timeframe: 'symbol',
    event: 'symbol',
    ts_from: 'timestamp',
    ts_to: 'timestamp',
    cause: 'symbol',
    state: 'symbol',
    rows_healed: 'long',
    missing_estimate: 'long',
    evidence: 'varchar',
  },
  keys: ['ts', 'gap_id', 'writer'],
});

/** What could not be stored, as received (up to 1 MiB); `ts` is the time of receipt. */
const rejected = defineTable({
  name: 'rejected',
  partition: 'DAY',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    ts_recv: 'timestamp',
    kind: 'symbol',
    reason: 'varchar',
    raw: 'varchar',
  },
  keys: ['ts', 'account', 'ts_recv'],
});

/** The tables that the collector writes. `coverage`, `gap_events`, `rejected` and, inside gaps, `ticks` have other writers beside it. */
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
