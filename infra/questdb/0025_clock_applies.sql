-- The corrections of what was written under another clock rule. While the newest row is `paused`, nobody writes.
CREATE TABLE IF NOT EXISTS clock_applies (
  ts TIMESTAMP,
  apply_id VARCHAR,
  server SYMBOL,
  step SYMBOL,
  rule_id VARCHAR,
  evidence VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, apply_id, server);
