// The tables of history, exactly as the design names them: what the scheduler and the backfill workers write. Those named
// `*_revisions` keep every version of what their sister shows as it is now. Every `ts` and `ts_*` is true UTC in microseconds.
import { defineTable } from './table-def.ts';

/** The broker's present answer for each closed bar; `ts` is its opening time, `ts_seen` when this version was first seen. */
const bars = defineTable({
  name: 'bars',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    timeframe: 'symbol',
    open: 'double',
    high: 'double',
    low: 'double',
    close: 'double',
    tick_volume: 'long',
    real_volume: 'long',
    spread_points: 'int',
    utc_offset_s: 'int',
    ts_seen: 'timestamp',
  },
  keys: ['ts', 'feed', 'symbol', 'timeframe'],
});

/** Every version of each bar, the first included; a version holds from its `ts_seen` until that of the next. */
const barRevisions = defineTable({
  name: 'bar_revisions',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    timeframe: 'symbol',
    ts_seen: 'timestamp',
    open: 'double',
    high: 'double',
    low: 'double',
    close: 'double',
    tick_volume: 'long',
    real_volume: 'long',
    spread_points: 'int',
    utc_offset_s: 'int',
  },
  keys: ['ts', 'feed', 'symbol', 'timeframe', 'ts_seen'],
});

/** The broker's present answer for each deal. A deal keeps the `ts` that it had first. */
const deals = defineTable({
  name: 'deals',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    deal_id: 'long',
    order_id: 'long',
    position_id: 'long',
    symbol: 'symbol',
    type: 'symbol',
    entry: 'symbol',
    volume: 'double',
    price: 'double',
    commission: 'double',
    swap: 'double',
    profit: 'double',
    magic: 'long',
    comment: 'varchar',
    utc_offset_s: 'int',
    ts_seen: 'timestamp',
  },
  keys: ['ts', 'account', 'deal_id'],
});

/** Every version of each deal, the first included. */
const dealRevisions = defineTable({
  name: 'deal_revisions',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    deal_id: 'long',
    ts_seen: 'timestamp',
    order_id: 'long',
    position_id: 'long',
    symbol: 'symbol',
    type: 'symbol',
    entry: 'symbol',
    volume: 'double',
    price: 'double',
    commission: 'double',
    swap: 'double',
    profit: 'double',
    magic: 'long',
    comment: 'varchar',
    utc_offset_s: 'int',
  },
  keys: ['ts', 'account', 'deal_id', 'ts_seen'],
});

/** Closed round trips as the gateway reports them; `ts` is the opening, `net_profit` is after swap and commission. */
const positions = defineTable({
  name: 'positions',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    position_id: 'long',
    ts_close: 'timestamp',
    symbol: 'symbol',
    type: 'symbol',
    volume: 'double',
    price_open: 'double',
    price_close: 'double',
    profit: 'double',
    swap: 'double',
    commission: 'double',
    net_profit: 'double',
    magic: 'long',
    comment: 'varchar',
    utc_offset_s: 'int',
    ts_seen: 'timestamp',
  },
  keys: ['ts', 'account', 'position_id'],
});

/** Every version of each closed round trip, the first included. */
const positionRevisions = defineTable({
  name: 'position_revisions',
  partition: 'MONTH',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    position_id: 'long',
    ts_seen: 'timestamp',
    ts_close: 'timestamp',
    symbol: 'symbol',
    type: 'symbol',
    volume: 'double',
    price_open: 'double',
    price_close: 'double',
    profit: 'double',
    swap: 'double',
    commission: 'double',
    net_profit: 'double',
    magic: 'long',
    comment: 'varchar',
    utc_offset_s: 'int',
  },
  keys: ['ts', 'account', 'position_id', 'ts_seen'],
});

/** Who an account is; a row per change of what is known, the newest holds. */
const accounts = defineTable({
  name: 'accounts',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    account_id: 'varchar',
    login: 'long',
    server: 'symbol',
    company: 'varchar',
    currency: 'symbol',
    leverage: 'double',
    margin_mode: 'symbol',
    platform: 'symbol',
    feed: 'symbol',
  },
  keys: ['ts', 'account'],
});

/** What the broker says of a symbol; a row per change of a static field, `sessions` is JSON. */
const symbolSpecs = defineTable({
  name: 'symbol_specs',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    digits: 'int',
    point: 'double',
    tick_size: 'double',
    contract_size: 'double',
    volume_min: 'double',
    volume_max: 'double',
    volume_step: 'double',
    stops_level: 'int',
    freeze_level: 'int',
    trade_mode: 'symbol',
    swap_long: 'double',
    swap_short: 'double',
    currency_base: 'symbol',
    currency_profit: 'symbol',
    currency_margin: 'symbol',
    description: 'varchar',
    sessions: 'varchar',
  },
  keys: ['ts', 'feed', 'symbol'],
});

/** Which streams were configured from `ts` to `ts_to` (null: still are), and why that changed. */
const streams = defineTable({
  name: 'streams',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    feed: 'symbol',
    symbol: 'symbol',
    stream: 'symbol',
    timeframe: 'symbol',
    ts_to: 'timestamp',
    reason: 'varchar',
  },
  keys: ['ts', 'account', 'feed', 'symbol', 'stream', 'timeframe'],
  optionalKeys: ['feed', 'symbol', 'timeframe'],
});

/** Before `ts_earliest` the broker has nothing of a stream, as learned at `ts`. */
const historyLimits = defineTable({
  name: 'history_limits',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    feed: 'symbol',
    symbol: 'symbol',
    stream: 'symbol',
    timeframe: 'symbol',
    ts_earliest: 'timestamp',
    evidence: 'varchar',
  },
  keys: ['ts', 'account', 'feed', 'symbol', 'stream', 'timeframe'],
  optionalKeys: ['feed', 'symbol', 'timeframe'],
});

/** Which clock rule holds for a broker's server from `ts` on; of several decisions for one `ts` the newest `ts_decided` holds. */
const clockRules = defineTable({
  name: 'clock_rules',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    server: 'symbol',
    ts_decided: 'timestamp',
    rule: 'varchar',
    rule_id: 'varchar',
    confidence: 'symbol',
    evidence: 'varchar',
  },
  keys: ['ts', 'server', 'ts_decided'],
});

/**
 * What a broker's clock was seen to show: its offset at `ts`, or where trading weeks begin and end on it (`edges`, wall clock as JSON),
 * read at `ts`. What the rules of `clock_rules` are inferred from.
 */
const clockEvidence = defineTable({
  name: 'clock_evidence',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    server: 'symbol',
    account: 'symbol',
    kind: 'symbol',
    symbol: 'symbol',
    utc_offset_s: 'int',
    bars: 'int',
    edges: 'varchar',
    reason: 'varchar',
  },
  keys: ['ts', 'server', 'account', 'kind', 'symbol'],
  optionalKeys: ['symbol'],
});

/**
 * When a symbol trades, on the broker's wall clock: a row for its week, valid from `ts` on, and one for each date that was not as its weekday
 * is. Of several decisions for one date, or for the week, the newest `ts_decided` holds.
 */
const tradingSessions = defineTable({
  name: 'trading_sessions',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    kind: 'symbol',
    ts_decided: 'timestamp',
    broker_date: 'varchar',
    windows: 'varchar',
    condition: 'symbol',
    rule_id: 'varchar',
    evidence: 'varchar',
  },
  keys: ['ts', 'feed', 'symbol', 'kind', 'ts_decided'],
});

/**
 * The corrections of what was written under another clock rule. While the newest row is `paused`, nobody writes rows that are made from
 * broker time: what a process had in hand then was made with the old rule.
 */
const clockApplies = defineTable({
  name: 'clock_applies',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    apply_id: 'varchar',
    server: 'symbol',
    step: 'symbol',
    rule_id: 'varchar',
    evidence: 'varchar',
  },
  keys: ['ts', 'apply_id', 'server'],
});

/** Which data folder records each account, and from when. */
const accountEpochs = defineTable({
  name: 'account_epochs',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    account: 'symbol',
    epoch: 'long',
    feed: 'symbol',
    recorder: 'symbol',
    place: 'varchar',
    state: 'symbol',
    ts_seen: 'timestamp',
  },
  keys: ['ts', 'account', 'epoch'],
});

/** One broker's day of a symbol, judged; `ts` is the start of that day. */
const dailyQuality = defineTable({
  name: 'daily_quality',
  partition: 'YEAR',
  columns: {
    ts: 'timestamp',
    feed: 'symbol',
    symbol: 'symbol',
    ticks: 'long',
    broker_tick_volume: 'long',
    m1_expected: 'int',
    m1_matched: 'int',
    longest_silence_s: 'int',
    condition: 'symbol',
    reason: 'varchar',
  },
  keys: ['ts', 'feed', 'symbol'],
});

/** The tables that are written beside the live path: by the scheduler, the backfill workers, `clock apply`, and recorders about themselves. */
export const historyTables = {
  bars,
  bar_revisions: barRevisions,
  deals,
  deal_revisions: dealRevisions,
  positions,
  position_revisions: positionRevisions,
  accounts,
  symbol_specs: symbolSpecs,
  streams,
  history_limits: historyLimits,
  clock_rules: clockRules,
  clock_evidence: clockEvidence,
  trading_sessions: tradingSessions,
  clock_applies: clockApplies,
  daily_quality: dailyQuality,
  account_epochs: accountEpochs,
} as const;
