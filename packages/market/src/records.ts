// The rows that the live path writes, column for column as the tables of the design have them. Times are true UTC in
// integer microseconds; null means "not known", never zero.

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
  symbol: string;
  type: string;
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
  event: 'opened' | 'ended';
  ts_from: number;
  ts_to: number | null;
  cause: string;
  state: 'open';
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
  source: 'live';
  rows: number;
  rule_id: string;
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
