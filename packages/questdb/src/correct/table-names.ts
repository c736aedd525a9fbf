// Creates, renames and drops tables, and queries how far their logs are. In: names. Out: statements to the database; each may run twice.
import { type Clock, FxtapeError, pause } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { walTables } from '../wire/wal-tables.ts';
import { STATEMENT_MS } from './table-queries.ts';

type Http = Pick<QuestDbHttp, 'exec'>;

/** Which of the named tables exist, with the last entry of each one's log. Errors: as `exec`. */
export async function lastEntries(http: Http, names: readonly string[]): Promise<Map<string, number>> {
  const found = await walTables(http, names);
  return new Map([...found].map(([name, { sequencerTxn }]) => [name, sequencerTxn]));
}

export const sameEntries = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean =>
  a.size === b.size && [...a].every(([name, entry]) => b.get(name) === entry);

/** Names of tables in order. Errors: as `exec`. */
export async function tableNames(http: Http): Promise<string[]> {
  const { dataset } = await http.exec('SELECT table_name FROM tables() ORDER BY table_name');
  return dataset.map(([name]) => String(name));
}

/** Creates an empty table with all columns, keys and the partition of another, if it does not exist. Errors: as `exec`. */
export const createLike = async (http: Http, name: string, like: string): Promise<void> =>
  void (await http.exec(`CREATE TABLE IF NOT EXISTS ${name} (LIKE ${like})`));

/** The rename is an entry in the log of the table. */
export const renameTable = async (http: Http, from: string, to: string): Promise<void> =>
  void (await http.exec(`RENAME TABLE ${from} TO ${to}`, { deadlineMs: STATEMENT_MS }));

/** Empties a table. After a drop and create, QuestDB would lose the next row of a connection that still knows the old table. */
export const emptyTable = async (http: Http, name: string): Promise<void> =>
  void (await http.exec(`TRUNCATE TABLE ${name}`, { deadlineMs: STATEMENT_MS }));

export const dropTable = async (http: Http, name: string): Promise<void> =>
  void (await http.exec(`DROP TABLE IF EXISTS ${name}`, { deadlineMs: STATEMENT_MS }));

/**
 * Cancels statements that name one of these tables, and waits until they have ended. QuestDB continues an INSERT whose client is gone, so
 * a killed run could still write into a table that has replaced another by then. Errors: as `exec`.
 */
export async function endStatements(http: Http, clock: Clock, names: readonly string[]): Promise<void> {
  for (;;) {
    const running = asObjects(await http.exec('SELECT query_id id, query FROM query_activity()')).filter(
      ({ query }) => names.some((name) => String(query).includes(name)),
    );
    if (running.length === 0) return;
    for (const { id } of running)
      await http.exec(`CANCEL QUERY ${String(id)}`).catch((error: unknown) => {
        // It had ended already.
        if (!(error instanceof FxtapeError) || error.code !== 'QDB_SQL') throw error;
      });
    await pause(clock, 100);
  }
}

/**
 * Makes the server sync everything that it has answered for to the disk, so that it survives a power cut: creating a checkpoint does that.
 * False when that is impossible: another checkpoint is in progress, or the server's system supports none. Errors: as `exec`.
 */
export async function syncToDisk(http: Http): Promise<boolean> {
  try {
    await http.exec('CHECKPOINT CREATE', { deadlineMs: STATEMENT_MS });
  } catch (error) {
    if (error instanceof FxtapeError && error.code === 'QDB_SQL') return false;
    throw error;
  }
  await endSync(http);
  return true;
}

/** Whether a checkpoint is in progress. Errors: as `exec`. */
export const isSyncing = async (http: Http): Promise<boolean> =>
  asObjects(await http.exec('SELECT in_progress FROM checkpoint_status()')).some(
    (row) => row['in_progress'] === true,
  );

/** Ends a checkpoint, if there is one. */
export const endSync = async (http: Http): Promise<void> =>
  void (await http.exec('CHECKPOINT RELEASE', { deadlineMs: STATEMENT_MS }));
