-- The clock rule of a broker's server, valid from ts. The newest decision for a ts holds.
CREATE TABLE IF NOT EXISTS clock_rules (
  ts TIMESTAMP,
  server SYMBOL,
  ts_decided TIMESTAMP,
  rule VARCHAR,
  rule_id VARCHAR,
  confidence SYMBOL,
  evidence VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, server, ts_decided);
