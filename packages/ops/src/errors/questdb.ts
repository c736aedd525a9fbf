// Errors of QuestDB, its schema and its writer.
import { state, terminal, transient, warning } from './entry.ts';

export const questdbErrors = {
  QDB_CONF_INVALID: terminal(
    '`QDB_CLIENT_CONF` cannot be parsed, or its scheme is neither http nor https',
    'Set QDB_CLIENT_CONF to something like http::addr=127.0.0.1:9000; (double a semicolon inside a value)',
  ),
  QDB_UNREACHABLE: transient(
    'no connection to QuestDB; rows wait on the tape meanwhile',
    'Start `fxtape up` if it is not running; if QuestDB runs elsewhere, check QDB_CLIENT_CONF',
  ),
  QDB_RESET: transient(
    'the connection was lost before the whole answer had arrived',
    'Nothing to do: the request is repeated. If it persists, see the log of QuestDB',
  ),
  QDB_TIMEOUT: transient(
    'no answer within `request_timeout` plus an allowance for the size of the request',
    'Check the load and the log of QuestDB; a larger request_timeout in QDB_CLIENT_CONF allows more time',
  ),
  QDB_HTTP_STATUS: transient(
    'a server error (5xx), or an unexpected status',
    'See the log of QuestDB, or of the proxy in front of it',
  ),
  QDB_BAD_ANSWER: transient(
    'the server that answers is not QuestDB, or its answer is incomplete',
    'Check that QDB_CLIENT_CONF names the HTTP port of QuestDB and that nothing stands in between',
  ),
  QDB_UNAUTHORIZED: terminal(
    'QuestDB refuses the user and password, or the token; rows are sent again until it accepts them',
    'Set username and password (or token) in QDB_CLIENT_CONF',
  ),
  QDB_READ_ONLY: state(
    'the server is read-only',
    'Make it writable (`http.security.readonly`), or use another',
  ),
  QDB_REFUSED: transient(
    'the server refuses the whole request or the whole table',
    'Follow the message; nothing is lost, fxtape sends the rows again until they are taken',
  ),
  QDB_TOO_LARGE: state(
    'a single row is too large for the server or a proxy',
    'Raise the limit there (`line.http.max.recv.buffer.size`)',
  ),
  QDB_SQL: terminal(
    'QuestDB refused a statement',
    'Check that the migrations have run and that nobody else changed the tables',
  ),
  QDB_SQL_TOO_LONG: terminal(
    'a statement is longer than QuestDB accepts in a URL',
    'This is a defect of fxtape: report it with the beginning of the statement',
  ),
  QDB_NO_TABLE: transient(
    'a table does not exist',
    'Start a service that writes, such as `fxtape up`: it runs the migrations',
  ),
  QDB_NOT_APPLIED: transient(
    'a table lags behind its write-ahead log, so a decision based on it could be wrong',
    'Wait: it catches up by itself after a start or a burst; look at wal_tables() if it does not',
  ),
  QDB_SUSPENDED: transient(
    'QuestDB suspended a table: it keeps new rows, but queries cannot see them',
    'Fix the cause (often a full disk), then run `ALTER TABLE t RESUME WAL`',
  ),
  QDB_PG_LOGIN: terminal(
    'QuestDB refuses user or password over the PostgreSQL wire',
    'Correct QUESTDB_READER_URL, or unset it if fxtape started this QuestDB',
  ),
  QDB_PG_UNREACHABLE: transient(
    'no connection over the PostgreSQL wire (`QUESTDB_PG_URL`, `QUESTDB_READER_URL`); the recorder itself does not need it',
    'Check that QuestDB is running and that the URL points to it',
  ),
  SCHEMA_MISMATCH: terminal(
    "a table differs from this release's definition: at its start a service ends, later its rows wait",
    'Rename the table that differs (RENAME TABLE t TO t_old) and start again, or use another database',
  ),
  DATABASE_REPLACED: warning(
    'this is not the database that confirmed the rows, or it has lost some of them. The collector creates the tables and sends its whole tape again; history is read again',
    'Nothing to do if you meant to replace it. Otherwise start the old database: rows older than the tape exist only there',
  ),
  SCHEMA_NEWER: terminal(
    'a newer release has migrated this database; nothing is written to it',
    'Run that release or a newer one, or use another database; nothing was written',
  ),
  MIGRATION_CHANGED: terminal(
    'a migration differs from the one that ran on this database',
    'Run the release that wrote this database, or restore infra/questdb: a migration never changes, a new one is added instead',
  ),
  MIGRATION_FAILED: terminal(
    'QuestDB refused a statement of a migration for 10 s',
    'See the log of QuestDB; fxtape is tested with QuestDB 9.3.4',
  ),
  MIGRATION_FILES: terminal(
    '`infra/questdb` lacks a number, or contains a file that is not a migration',
    'Restore infra/questdb from the repository',
  ),
  WRITER_CLOSED: transient(
    'the service stopped before the database had answered',
    'Nothing to do: the rows are sent again from the tape at the next start',
  ),
  ROW_CONDEMNED: warning(
    'QuestDB will never store a row, although its table is as defined',
    'Look in `rejected`; a gap with cause `rejected` covers it; report it',
  ),
  DATASET_NAME_UNKNOWN: terminal(
    'a dataset of a feed, symbol, account or timeframe that the database does not know; an empty dataset would look like quiet markets',
    'Correct the name; the message lists the nearest ones',
  ),
  DATASET_SELECTION_INVALID: terminal(
    'what a dataset is to hold contradicts itself, such as accounts of ticks, or bars of seven minutes in a day',
    'Change what the message names',
  ),
  DATASET_AS_OF_UNKNOWN: terminal(
    'a dataset as of a time in the future, or of a kind whose earlier states are not kept (`daily_quality`)',
    'Give a time in the past, leave it out, or export another kind',
  ),
};
