-- What happened to each gap. Append only: a change is a new event, read through the view gaps.
CREATE TABLE IF NOT EXISTS gap_events (
  ts TIMESTAMP,
  gap_id VARCHAR,
  writer SYMBOL,
  outage_id VARCHAR,
  account SYMBOL,
  feed SYMBOL,
  symbol SYMBOL,
  stream SYMBOL,
  timeframe SYMBOL,
  event SYMBOL,
  ts_from TIMESTAMP,
  ts_to TIMESTAMP,
  cause SYMBOL,
  state SYMBOL,
  rows_healed LONG,
  missing_estimate LONG,
  evidence VARCHAR
) TIMESTAMP(ts) PARTITION BY MONTH WAL
DEDUP UPSERT KEYS(ts, gap_id, writer);
