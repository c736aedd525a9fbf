-- What a broker's clock was seen to show: its offset at ts, or where trading weeks begin and end on it, read at ts.
CREATE TABLE IF NOT EXISTS clock_evidence (
  ts TIMESTAMP,
  server SYMBOL,
  account SYMBOL,
  kind SYMBOL,
  symbol SYMBOL,
  utc_offset_s INT,
  bars INT,
  edges VARCHAR,
  reason VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, server, account, kind, symbol);
