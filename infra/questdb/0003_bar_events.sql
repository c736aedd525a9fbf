-- Bars as they were streamed. The confirmed bars come over REST and live in a table of their own.
CREATE TABLE IF NOT EXISTS bar_events (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  timeframe SYMBOL,
  ts_recv TIMESTAMP,
  open DOUBLE,
  high DOUBLE,
  low DOUBLE,
  close DOUBLE,
  tick_volume LONG,
  real_volume LONG,
  spread_points INT,
  utc_offset_s INT
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, feed, symbol, timeframe, ts_recv);
