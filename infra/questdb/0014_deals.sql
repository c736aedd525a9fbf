-- The broker's present answer for each deal. Streamed trades are in trade_events, earlier versions in deal_revisions.
CREATE TABLE IF NOT EXISTS deals (
  ts TIMESTAMP,
  account SYMBOL,
  deal_id LONG,
  order_id LONG,
  position_id LONG,
  symbol SYMBOL,
  type SYMBOL,
  entry SYMBOL,
  volume DOUBLE,
  price DOUBLE,
  commission DOUBLE,
  swap DOUBLE,
  profit DOUBLE,
  magic LONG,
  comment VARCHAR,
  utc_offset_s INT,
  ts_seen TIMESTAMP
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account, deal_id);
