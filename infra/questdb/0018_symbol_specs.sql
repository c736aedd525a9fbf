-- What the broker says of a symbol, a row per change of a static field. sessions is JSON.
CREATE TABLE IF NOT EXISTS symbol_specs (
  ts TIMESTAMP,
  feed SYMBOL,
  symbol SYMBOL,
  digits INT,
  point DOUBLE,
  tick_size DOUBLE,
  contract_size DOUBLE,
  volume_min DOUBLE,
  volume_max DOUBLE,
  volume_step DOUBLE,
  stops_level INT,
  freeze_level INT,
  trade_mode SYMBOL,
  swap_long DOUBLE,
  swap_short DOUBLE,
  currency_base SYMBOL,
  currency_profit SYMBOL,
  currency_margin SYMBOL,
  description VARCHAR,
  sessions VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, feed, symbol);
