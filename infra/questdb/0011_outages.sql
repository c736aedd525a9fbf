-- One row per incident and account: the gaps that share an outage_id. ts_to is null while one of them has no end yet.
CREATE VIEW IF NOT EXISTS outages AS (
  SELECT outage_id, account,
         min(ts_from) AS ts_from,
         CASE WHEN count() = count(ts_to) THEN max(ts_to) ELSE NULL END AS ts_to,
         string_distinct_agg(cause, ',') AS causes,
         string_distinct_agg(stream, ',') AS streams,
         count() AS gaps,
         sum(CASE WHEN state = 'open' THEN 1 ELSE 0 END) AS open_gaps,
         max(ts_updated) AS ts_updated
  FROM gaps
  WHERE outage_id IS NOT NULL
  GROUP BY outage_id, account
);
