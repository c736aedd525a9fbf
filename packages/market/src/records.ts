// The rows that the recorder writes, column for column as the tables of the design have them: first those of the live path,
// then those of history. Times are true UTC in integer microseconds; null means "not known", never zero.

type Id = number | bigint;

export interface TickRow {
  ts: number;
  feed: string;
  symbol: string;
  ts_recv: number;
  bid: number;
  ask: number;
  last: number | null;
  volume: number | null;
  utc_offset_s: number;
  source: 'live' | 'snapshot' | 'history';
  quality: string | null;
}

export interface BarEventRow {
  ts: number;
  feed: string;
  symbol: string;
  timeframe: string;
  ts_recv: number;
  open: number;
  high: number;
  low: number;
  close: number;
  tick_volume: number | null;
  real_volume: number | null;
  spread_points: number | null;
  utc_offset_s: number;
}

export interface TradeEventRow {
  ts: number;
  account: string;
  ts_recv: number;
  deal_id: Id;
  order_id: Id | null;
  position_id: Id | null;
  symbol: string | null;
  type: string | null;
  entry: string | null;
  volume: number | null;
  price: number | null;
  profit: number | null;
  commission: number | null;
  swap: number | null;
  magic: Id | null;
  comment: string | null;
  degraded: boolean | null;
  utc_offset_s: number;
}

export interface AccountEventRow {
  ts: number;
  account: string;
  balance: number;
  credit: number | null;
  profit: number | null;
  equity: number;
  margin: number | null;
  free_margin: number | null;
  margin_level: number | null;
}

/** One open position or pending order of a `positions` frame; an empty frame is one row of kind `none`, ticket 0. */
export interface PositionEventRow {
  ts: number;
  account: string;
  ticket: Id;
  symbol: string | null;
  type: string | null;
  kind: string;
  volume: number | null;
  price_open: number | null;
  price_current: number | null;
  stop_loss: number | null;
  take_profit: number | null;
  swap: number | null;
  profit: number | null;
  magic: Id | null;
  comment: string | null;
  ts_open: number | null;
  utc_offset_s: number | null;
}

export interface RejectedRow {
  ts: number;
  account: string;
  ts_recv: number;
  kind: string;
  reason: string;
  raw: string;
}

/** Where a gap stands. Only `open` is not final. */
export type GapState = 'open' | 'healed' | 'verified_empty' | 'unrecoverable';

export interface GapEventRow {
  ts: number;
  gap_id: string;
  writer: string;
  outage_id: string;
  account: string;
  feed: string | null;
  symbol: string | null;
  stream: string;
  timeframe: string | null;
  /** The collector opens and ends; a `state` is the healer's. */
  event: 'opened' | 'ended' | 'state';
  ts_from: number;
  ts_to: number | null;
  cause: string;
  state: GapState;
  rows_healed: number | null;
  missing_estimate: number | null;
  evidence: string | null;
}

export interface CoverageRow {
  ts: number;
  account: string;
  feed: string | null;
  symbol: string | null;
  stream: string;
  timeframe: string | null;
  range_id: string;
  ts_to: number;
  source: 'live' | 'history';
  rows: number;
  rule_id: string;
}

/** A closed bar as the broker states it; `ts` is its open. Both `bars` and `bar_revisions` have these columns. */
export interface BarRow {
  ts: number;
  feed: string;
  symbol: string;
  timeframe: string;
  open: number;
  high: number;
  low: number;
  close: number;
  tick_volume: number | null;
  real_volume: number | null;
  spread_points: number | null;
  utc_offset_s: number;
  ts_seen: number;
}

/** A deal as the broker states it. Both `deals` and `deal_revisions` have these columns. */
export interface DealRow {
  ts: number;
  account: string;
  deal_id: Id;
  order_id: Id | null;
  position_id: Id | null;
  symbol: string | null;
  type: string | null;
  entry: string | null;
  volume: number | null;
  price: number | null;
  commission: number | null;
  swap: number | null;
  profit: number | null;
  magic: Id | null;
  comment: string | null;
  utc_offset_s: number;
  ts_seen: number;
}

/** A closed round trip; `ts` is its opening, and `utc_offset_s` belongs to `ts`. */
export interface PositionRow {
  ts: number;
  account: string;
  position_id: Id;
  ts_close: number;
  symbol: string | null;
  type: string | null;
  volume: number | null;
  price_open: number | null;
  price_close: number | null;
  profit: number | null;
  swap: number | null;
  commission: number | null;
  net_profit: number | null;
  magic: Id | null;
  comment: string | null;
  utc_offset_s: number;
  ts_seen: number;
}

/** What the broker says of a symbol; `sessions` is JSON in broker time. */
export interface SymbolSpecRow {
  ts: number;
  feed: string;
  symbol: string;
  digits: number;
  point: number;
  tick_size: number | null;
  contract_size: number | null;
  volume_min: number | null;
  volume_max: number | null;
  volume_step: number | null;
  stops_level: number | null;
  freeze_level: number | null;
  trade_mode: string | null;
  swap_long: number | null;
  swap_short: number | null;
  currency_base: string | null;
  currency_profit: string | null;
  currency_margin: string | null;
  description: string | null;
  sessions: string | null;
}

/** Everything that one stretch of tape gave, by table. Filled by the normaliser and the fold, emptied by the writer. */
export interface Rows {
  ticks: TickRow[];
  bar_events: BarEventRow[];
  trade_events: TradeEventRow[];
  account_events: AccountEventRow[];
  position_events: PositionEventRow[];
  rejected: RejectedRow[];
  gap_events: GapEventRow[];
  coverage: CoverageRow[];
}

export const noRows = (): Rows => ({
  ticks: [],
  bar_events: [],
  trade_events: [],
  account_events: [],
  position_events: [],
  rejected: [],
  gap_events: [],
  coverage: [],
});
