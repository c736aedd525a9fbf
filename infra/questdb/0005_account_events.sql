-- Balance, equity and margin as they were streamed. ts is the time of receipt.
CREATE TABLE IF NOT EXISTS account_events (
  ts TIMESTAMP,
  account SYMBOL,
  balance DOUBLE,
  credit DOUBLE,
  profit DOUBLE,
  equity DOUBLE,
  margin DOUBLE,
  free_margin DOUBLE,
  margin_level DOUBLE
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, account);
