-- Which data folder records each account into this database, and from when: one row for each start that took it. ts_seen is renewed while it records.
CREATE TABLE IF NOT EXISTS account_epochs (
  ts TIMESTAMP,
  account SYMBOL,
  epoch LONG,
  feed SYMBOL,
  recorder SYMBOL,
  place VARCHAR,
  state SYMBOL,
  ts_seen TIMESTAMP
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, account, epoch);
