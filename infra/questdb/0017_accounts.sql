-- Who each account is. ts is when this was first seen; the newest row holds.
CREATE TABLE IF NOT EXISTS accounts (
  ts TIMESTAMP,
  account SYMBOL,
  account_id VARCHAR,
  login LONG,
  server SYMBOL,
  company VARCHAR,
  currency SYMBOL,
  leverage DOUBLE,
  margin_mode SYMBOL,
  platform SYMBOL,
  feed SYMBOL
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, account);
