-- A broker's day of a symbol, judged against the broker's own bars. ts is the start of that day.
CREATE TABLE IF NOT EXISTS daily_quality (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  ticks LONG,
  broker_tick_volume LONG,
  m1_expected INT,
  m1_matched INT,
  longest_silence_s INT,
  condition SYMBOL,
  reason VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, feed, symbol);
