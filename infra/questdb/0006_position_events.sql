-- Open positions as they were streamed, a row per position. ts is the time of receipt.
CREATE TABLE IF NOT EXISTS position_events (
  ts TIMESTAMP,
  account SYMBOL,
  ticket LONG,
  symbol SYMBOL,
  type SYMBOL,
  kind SYMBOL,
  volume DOUBLE,
  price_open DOUBLE,
  price_current DOUBLE,
  stop_loss DOUBLE,
  take_profit DOUBLE,
  swap DOUBLE,
  profit DOUBLE,
  magic LONG,
  comment VARCHAR,
  ts_open TIMESTAMP,
  utc_offset_s INT
) TIMESTAMP(ts) PARTITION BY DAY WAL
DEDUP UPSERT KEYS(ts, account, ticket);
