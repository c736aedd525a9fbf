-- The earliest time from which the broker has anything of a stream, as learned at ts.
CREATE TABLE IF NOT EXISTS history_limits (
  ts TIMESTAMP,
  account SYMBOL,
  feed SYMBOL,
  symbol SYMBOL,
  stream SYMBOL,
  timeframe SYMBOL,
  ts_earliest TIMESTAMP,
  evidence VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, account, feed, symbol, stream, timeframe);
