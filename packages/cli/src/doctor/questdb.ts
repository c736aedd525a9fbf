// `fxtape doctor`: QuestDB. In: its addresses. Out: whether it answers over both protocols and in which version, whether its tables are as
// this release defines them, with their deduplication keys, and whether any of them is suspended or behind its log.
import { FxtapeError } from '@fxtape/ops';
import { tableDef, type TableName, tables } from '@fxtape/market';
import {
  asObjects,
  pgQuery,
  type QuestDbHttp,
  schemaDifferences,
  type WalTable,
  walTables,
} from '@fxtape/questdb';
import type { CliEnv } from '../env.ts';
import { whereNothingRuns } from '../not-running.ts';
import { count } from '../print/quantity.ts';
import { questDbView } from '../questdb.ts';
import { QUESTDB_VERSION } from '@fxtape/stack';
import { type Check, failed, failedBy, ok, warning } from './check.ts';

const NAMES = Object.keys(tables) as TableName[];

export async function examineQuestDb(
  env: Pick<CliEnv, 'QDB_CLIENT_CONF' | 'QUESTDB_PG_URL'>,
): Promise<Check[]> {
  const checks: Check[] = [];
  try {
    const { http, url } = questDbView(env);
    try {
      const [row] = asObjects(await http.exec('SELECT build() build', { deadlineMs: 5000 }));
      checks.push(versionCheck(url, String(row?.['build'] ?? '')));
      checks.push(...(await examineTables(http)));
    } finally {
      http.close();
    }
  } catch (error) {
    return [...checks, failedBy(checks.length === 0 ? 'QuestDB' : 'tables', whereNothingRuns(error))];
  }
  return [...checks, await pgCheck(env.QUESTDB_PG_URL)];
}

function versionCheck(url: string, build: string): Check {
  const version = /QuestDB ([\d.]+)/.exec(build)?.[1];
  if (version === undefined) return ok('QuestDB', `answers at ${url}`, 'does not report its version');
  const facts = [`${version} answers at ${url}`];
  if (version === QUESTDB_VERSION) return ok('QuestDB', ...facts);
  return warning(
    'QuestDB',
    facts,
    `fxtape is tested with ${QUESTDB_VERSION}; use that version if something looks wrong`,
  );
}

async function examineTables(http: QuestDbHttp): Promise<Check[]> {
  const found = await walTables(http, NAMES);
  if (found.size === 0) {
    return [ok('tables', 'none yet: the collector creates them when it starts')];
  }
  const differences: string[] = [];
  for (const name of NAMES) differences.push(...(await schemaDifferences(http, tableDef(name))));
  const shape =
    differences.length === 0
      ? ok('tables', `${count(found.size, 'table')} as defined, each with its deduplication keys`)
      : failed(
          'tables',
          differences,
          'Rename the table that differs (RENAME TABLE t TO t_old) and start the collector, or use another database',
          'SCHEMA_MISMATCH',
        );
  return [shape, appliedCheck([...found.values()])];
}

/** How much of the written rows queries see. A table that is being written always lags a moment. */
export function appliedCheck(found: readonly WalTable[]): Check {
  const name = 'rows';
  const suspended = found.filter((table) => table.suspended);
  if (suspended.length > 0) {
    const facts = suspended.map(
      (table) => `${table.name} is suspended${table.errorMessage === null ? '' : ` (${table.errorMessage})`}`,
    );
    const resume = suspended.map((table) => `ALTER TABLE ${table.name} RESUME WAL;`).join(' ');
    return failed(name, facts, `Fix the cause (often a full disk), then run: ${resume}`, 'QDB_SUSPENDED');
  }
  const behind = found.filter((table) => table.sequencerTxn - table.writerTxn > LAG_TRANSACTIONS);
  if (behind.length > 0) {
    const facts = behind.map(
      (table) => `${table.name} is ${table.sequencerTxn - table.writerTxn} transactions behind its log`,
    );
    return warning(
      name,
      facts,
      'Wait: it catches up by itself after a start or a burst. If it does not, check wal_tables()',
    );
  }
  return ok(name, 'no table is suspended or behind its log');
}

const LAG_TRANSACTIONS = 50;

async function pgCheck(url: string): Promise<Check> {
  try {
    await pgQuery(url, 'SELECT 1', { deadlineMs: 3000 });
    return ok('SQL port', 'answers over the PostgreSQL wire');
  } catch (error) {
    if (!(error instanceof FxtapeError)) throw error;
    return warning(
      'SQL port',
      [error.message],
      'Correct QUESTDB_PG_URL; the recorder itself does not need it',
    );
  }
}
