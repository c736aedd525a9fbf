-- What could not be stored in its own table, as received.
CREATE TABLE IF NOT EXISTS rejected (
  ts TIMESTAMP,
  account SYMBOL,
  ts_recv TIMESTAMP,
  kind SYMBOL,
  reason VARCHAR,
  raw VARCHAR
) TIMESTAMP(ts) PARTITION BY DAY WAL
DEDUP UPSERT KEYS(ts, account, ts_recv);
