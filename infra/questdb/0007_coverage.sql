-- Ranges [ts, ts_to) known to be complete. symbol null = all symbols of the stream.
CREATE TABLE IF NOT EXISTS coverage (
  ts TIMESTAMP,
  account SYMBOL,
  feed SYMBOL,
  symbol SYMBOL,
  stream SYMBOL,
  timeframe SYMBOL,
  range_id VARCHAR,
  ts_to TIMESTAMP,
  source SYMBOL,
  rows LONG,
  rule_id VARCHAR
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account, feed, symbol, stream, timeframe, range_id);
