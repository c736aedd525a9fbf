-- Which streams were configured, from ts to ts_to. symbol null = all symbols of the stream.
CREATE TABLE IF NOT EXISTS streams (
  ts TIMESTAMP,
  account SYMBOL,
  feed SYMBOL,
  symbol SYMBOL,
  stream SYMBOL,
  timeframe SYMBOL,
  ts_to TIMESTAMP,
  reason VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, account, feed, symbol, stream, timeframe);
