-- Which migrations this database has seen. Two processes that start at once may both record one: that is harmless.
CREATE TABLE IF NOT EXISTS schema_migrations (
  ts TIMESTAMP,
  version INT,
  name VARCHAR,
  checksum VARCHAR
) TIMESTAMP(ts) PARTITION BY YEAR WAL
DEDUP UPSERT KEYS(ts, version);
