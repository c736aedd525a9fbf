-- The broker's present answer for each closed bar. Streamed bars are in bar_events, earlier versions in bar_revisions.
CREATE TABLE IF NOT EXISTS bars (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  timeframe SYMBOL,
  open DOUBLE,
  high DOUBLE,
  low DOUBLE,
  close DOUBLE,
  tick_volume LONG,
  real_volume LONG,
  spread_points INT,
  utc_offset_s INT,
  ts_seen TIMESTAMP
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, feed, symbol, timeframe);
