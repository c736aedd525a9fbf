-- Every tick the gateway sent, once. Its identity is the tape line: ts_recv is part of the key.
CREATE TABLE IF NOT EXISTS ticks (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  ts_recv TIMESTAMP,
  bid DOUBLE,
  ask DOUBLE,
  last DOUBLE,
  volume DOUBLE,
  utc_offset_s INT,
  source SYMBOL,
  quality SYMBOL
) TIMESTAMP(ts) PARTITION BY DAY WAL
DEDUP UPSERT KEYS(ts, feed, symbol, ts_recv);
