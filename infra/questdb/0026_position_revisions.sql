-- Every version of each closed round trip with the time it was first seen.
CREATE TABLE IF NOT EXISTS position_revisions (
  ts TIMESTAMP,
  account SYMBOL,
  position_id LONG,
  ts_seen TIMESTAMP,
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
  utc_offset_s INT
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account, position_id, ts_seen);
