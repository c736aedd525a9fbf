-- When a symbol trades, on the broker's wall clock: its week, and the dates that differed. ts is valid from; the newest ts_decided holds.
CREATE TABLE IF NOT EXISTS trading_sessions (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  kind SYMBOL,
  ts_decided TIMESTAMP,
  broker_date VARCHAR,
  windows VARCHAR,
  condition SYMBOL,
  rule_id VARCHAR,
  evidence VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, feed, symbol, kind, ts_decided);
