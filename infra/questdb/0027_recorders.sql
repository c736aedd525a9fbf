-- Which data folder records each account into this database: one row for each time that one took it. ts_seen is renewed while it records.
CREATE TABLE IF NOT EXISTS recorders (
  ts TIMESTAMP,
  account SYMBOL,
  place VARCHAR,
  process VARCHAR,
  state SYMBOL,
  ts_seen TIMESTAMP
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, account, place);
