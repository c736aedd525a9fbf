// The database as the commands use it. In: the environment. Out: connections over HTTP, and its errors in terms of the command line.
import { FxtapeError, systemClock } from '@fxtape/ops';
import { parseClientConf, QuestDbHttp, Reader } from '@fxtape/questdb';
import type { CliEnv } from './env.ts';

export interface QuestDbView {
  /** `http://host:port`. */
  readonly url: string;
  readonly http: QuestDbHttp;
  readonly reader: Reader;
}

/** @throws QDB_CONF_INVALID */
export function questDbView(env: Pick<CliEnv, 'QDB_CLIENT_CONF'>): QuestDbView {
  const conf = parseClientConf(env.QDB_CLIENT_CONF);
  const http = new QuestDbHttp({ conf: env.QDB_CLIENT_CONF });
  const url = `${conf.tls ? 'https' : 'http'}://${conf.host}:${conf.port}`;
  return { url, http, reader: new Reader({ http, clock: systemClock() }) };
}

/** Runs a query. Missing tables mean that nothing was recorded into this database, and the error says so. */
export async function askRecorded<T>(view: QuestDbView, ask: (reader: Reader) => Promise<T>): Promise<T> {
  try {
    return await ask(view.reader);
  } catch (error) {
    if (!(error instanceof FxtapeError) || error.code !== 'QDB_NO_TABLE') throw error;
    throw new FxtapeError({
      code: error.code,
      message: `nothing is recorded yet: the QuestDB at ${view.url} has no fxtape tables`,
      hint: 'Start `fxtape up`: the collector creates them. If it is already running, check that QDB_CLIENT_CONF is the same for both',
      context: error.context,
      cause: error,
    });
  } finally {
    view.http.close();
  }
}
