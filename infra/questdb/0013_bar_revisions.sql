-- Every version of each bar with the time it was first seen: what was known at a moment can be asked.
CREATE TABLE IF NOT EXISTS bar_revisions (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  timeframe SYMBOL,
  ts_seen TIMESTAMP,
  open DOUBLE,
  high DOUBLE,
  low DOUBLE,
  close DOUBLE,
  tick_volume LONG,
  real_volume LONG,
  spread_points INT,
  utc_offset_s INT
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, feed, symbol, timeframe, ts_seen);
