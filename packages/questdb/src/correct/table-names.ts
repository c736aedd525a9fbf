// Tables as a whole: made, named, dropped, and how far their logs are. In: names. Out: statements to the database, each of which may run twice.
import { type Clock, FxtapeError, pause } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { walTables } from '../wire/wal-tables.ts';
import { STATEMENT_MS } from './table-looks.ts';

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

/** An empty table with the columns, keys and partition of another, one's own columns included; nothing when it is there. Errors: as `exec`. */
export const createLike = async (http: Http, name: string, like: string): Promise<void> =>
  void (await http.exec(`CREATE TABLE IF NOT EXISTS ${name} (LIKE ${like})`));

/** An entry of the log of the table itself. */
export const renameTable = async (http: Http, from: string, to: string): Promise<void> =>
  void (await http.exec(`RENAME TABLE ${from} TO ${to}`, { deadlineMs: STATEMENT_MS }));

/** Empties a table. Dropping it and making it anew would lose a row that an open connection writes next: it still knows the old one. */
export const emptyTable = async (http: Http, name: string): Promise<void> =>
  void (await http.exec(`TRUNCATE TABLE ${name}`, { deadlineMs: STATEMENT_MS }));

export const dropTable = async (http: Http, name: string): Promise<void> =>
  void (await http.exec(`DROP TABLE IF EXISTS ${name}`, { deadlineMs: STATEMENT_MS }));

/**
 * Ends statements that name one of these tables, and waits until they are over. QuestDB goes on with an INSERT whose client is gone: what a
 * killed run began would come to rest in a table that has taken another's place by then. Errors: as `exec`.
 */
export async function endStatements(http: Http, clock: Clock, names: readonly string[]): Promise<void> {
  for (;;) {
    const running = asObjects(await http.exec('SELECT query_id id, query FROM query_activity()')).filter(
      ({ query }) => names.some((name) => String(query).includes(name)),
    );
    if (running.length === 0) return;
    for (const { id } of running)
      await http.exec(`CANCEL QUERY ${String(id)}`).catch((error: unknown) => {
        // It was over before.
        if (!(error instanceof FxtapeError) || error.code !== 'QDB_SQL') throw error;
      });
    await pause(clock, 100);
  }
}

/**
 * Has the server write everything to the disk that it has answered for, so that a power cut takes none of it away: making a checkpoint does.
 * False when it cannot be had: somebody makes a checkpoint already, or the system of the server knows none. Errors: as `exec`.
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

/** Ends a checkpoint; nothing when there is none. */
export const endSync = async (http: Http): Promise<void> =>
  void (await http.exec('CHECKPOINT RELEASE', { deadlineMs: STATEMENT_MS }));
