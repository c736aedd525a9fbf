-- The current state of each gap: its newest event, whoever wrote it. symbol null = all symbols of the stream.
CREATE VIEW IF NOT EXISTS gaps AS (
  SELECT gap_id, outage_id, account, feed, symbol, stream, timeframe, ts_from, ts_to, cause, state,
         rows_healed, missing_estimate, evidence, ts AS ts_updated
  FROM gap_events
  LATEST ON ts PARTITION BY gap_id
);
