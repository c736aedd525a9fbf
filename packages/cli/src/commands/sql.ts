// `fxtape sql`: one statement as the read-only user. In: the statement. Out: its rows as a table for people, as CSV or as JSON; without a
// statement, how to connect with other tools. An error exits with code 1, as in every command.
import { FxtapeError, visible } from '@fxtape/ops';
import { pgRows } from '@fxtape/questdb';
import { isGiven, readRunningEnv } from '../env.ts';
import { err } from '../print/out.ts';
import { connectLines, connection } from '../sql/connection.ts';
import { asCsv, asJson, asTable } from '../sql/render-rows.ts';
import { notRunning } from '../not-running.ts';
import { readStackFile } from '../stack-file.ts';

export interface SqlOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly admin?: boolean;
}

/** Escapes control characters only for a terminal; files and pipes get each value as it is. */
const write = (text: string): Promise<void> =>
  new Promise((done) => {
    if (process.stdout.write(process.stdout.isTTY === true ? visible(text) : text)) done();
    else process.stdout.once('drain', done);
  });

/** Errors: NOT_RUNNING, READER_UNKNOWN, QDB_SQL, QDB_PG_LOGIN, QDB_PG_UNREACHABLE, ENV_INVALID, RUN_FILE_INVALID. */
export async function sql(statement: string | undefined, options: SqlOptions): Promise<void> {
  const env = readRunningEnv();
  const { QDB_CLIENT_CONF: conf, QUESTDB_READER_URL: readerUrl } = env;
  if (readerUrl === undefined) throw noReader(env.FXTAPE_DATA_DIR);
  if (statement === undefined) {
    const facts = connection({ conf, readerUrl, admin: options.admin === true });
    const lines = options.json === true ? JSON.stringify(facts, null, 2) : connectLines(facts).join('\n');
    return write(`${lines}\n`);
  }
  const rows = pgRows(readerUrl, statement);
  if (options.csv === true) for await (const line of asCsv(rows)) await write(line);
  else if (options.json === true) for await (const line of asJson(rows)) await write(line);
  else {
    const { cut, lines } = await asTable(rows);
    await write(`${lines.join('\n')}\n`);
    if (cut) err('There are more rows: --csv and --json print all of them.\n');
  }
}

function noReader(dataDir: string): FxtapeError {
  if (readStackFile(dataDir) === null && !isGiven('QDB_CLIENT_CONF')) return notRunning('QUESTDB_READER_URL');
  return new FxtapeError({
    code: 'READER_UNKNOWN',
    message: 'fxtape did not start this QuestDB and knows no read-only user of it',
  });
}
