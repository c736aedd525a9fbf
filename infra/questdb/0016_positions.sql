-- Closed round trips as the gateway reports them. ts is the opening; open positions are in position_events.
CREATE TABLE IF NOT EXISTS positions (
  ts TIMESTAMP,
  account SYMBOL,
  position_id LONG,
  ts_close TIMESTAMP,
  symbol SYMBOL,
  type SYMBOL,
  volume DOUBLE,
  price_open DOUBLE,
  price_close DOUBLE,
  profit DOUBLE,
  swap DOUBLE,
  commission DOUBLE,
  net_profit DOUBLE,
  magic LONG,
  comment VARCHAR,
  utc_offset_s INT,
  ts_seen TIMESTAMP
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account, position_id);
