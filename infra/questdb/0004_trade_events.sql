-- Trades as they were streamed. The confirmed deals come over REST and live in a table of their own.
CREATE TABLE IF NOT EXISTS trade_events (
  ts TIMESTAMP,
  account SYMBOL,
  ts_recv TIMESTAMP,
  deal_id LONG,
  order_id LONG,
  position_id LONG,
  symbol SYMBOL,
  type SYMBOL,
  entry SYMBOL,
  volume DOUBLE,
  price DOUBLE,
  profit DOUBLE,
  commission DOUBLE,
  swap DOUBLE,
  magic LONG,
  comment VARCHAR,
  degraded BOOLEAN,
  utc_offset_s INT
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account, ts_recv);
