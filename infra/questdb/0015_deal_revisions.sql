-- Every version of each deal with the time it was first seen.
CREATE TABLE IF NOT EXISTS deal_revisions (
  ts TIMESTAMP,
  account SYMBOL,
  deal_id LONG,
  ts_seen TIMESTAMP,
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
  utc_offset_s INT
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account, deal_id, ts_seen);
