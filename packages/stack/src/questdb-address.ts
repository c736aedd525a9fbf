// The addresses of a QuestDB, in the forms that its users want. In: ports on loopback and the passwords of one that fxtape started, or
// the variables of the environment. Out: the configuration string of the official clients, the URL of its HTTP port, and the URLs of its
// PostgreSQL port for the two users.
import { type Env, FxtapeError, readVariable } from '@fxtape/ops';
import type { QuestDbCredentials } from './credentials.ts';

export interface QuestDbAddress {
  /** For QDB_CLIENT_CONF. */
  readonly conf: string;
  /** Without a slash at the end. */
  readonly httpUrl: string;
  /** For QUESTDB_PG_URL. */
  readonly pgUrl: string;
  /** For QUESTDB_READER_URL; null where no user that only reads is known. */
  readonly readerUrl: string | null;
}

/** Names of the users of an engine that fxtape started. */
export const ADMIN = 'admin';
export const READER = 'reader';

export const DEFAULT_QUESTDB_PORTS = { http: 9000, health: 9003, pg: 8812 } as const;

/** Without credentials: of a server whose passwords are QuestDB's own defaults, as in tests. */
export function questDbAddress(
  httpPort: number,
  pgPort: number,
  credentials: QuestDbCredentials | null = null,
): QuestDbAddress {
  const pg = (user: string, password: string) => `postgresql://${user}:${password}@127.0.0.1:${pgPort}/qdb`;
  const logIn = credentials === null ? '' : `username=${ADMIN};password=${credentials.admin};`;
  return {
    conf: `http::addr=127.0.0.1:${httpPort};${logIn}`,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    pgUrl: pg(ADMIN, credentials?.admin ?? 'quest'),
    readerUrl: credentials === null ? null : pg(READER, credentials.reader),
  };
}

/**
 * What the environment names, or null when it names no QuestDB.
 * @throws ENV_INVALID, ENGINE_SETTINGS when QDB_CLIENT_CONF has no address.
 */
export function givenQuestDb(env: Env): QuestDbAddress | null {
  const conf = readVariable('QDB_CLIENT_CONF', env);
  const pgUrl = readVariable('QUESTDB_PG_URL', env);
  const readerUrl = readVariable('QUESTDB_READER_URL', env) ?? null;
  if (conf === undefined) {
    if (pgUrl === undefined) return null;
    return { ...questDbAddress(DEFAULT_QUESTDB_PORTS.http, DEFAULT_QUESTDB_PORTS.pg), pgUrl, readerUrl };
  }
  const [, scheme, addr] = /^(https?)::(?:.*;)?addr=([^;]+)/.exec(conf) ?? [];
  if (scheme === undefined || addr === undefined) {
    throw new FxtapeError({
      code: 'ENGINE_SETTINGS',
      message: 'QDB_CLIENT_CONF does not name a QuestDB over HTTP',
    });
  }
  const { host, hostname } = new URL(`${scheme}://${addr}`);
  const withPort = /:\d+$/.test(addr) ? host : `${hostname}:${DEFAULT_QUESTDB_PORTS.http}`;
  return {
    conf,
    httpUrl: `${scheme}://${withPort}`,
    pgUrl: pgUrl ?? `postgresql://admin:quest@${hostname}:${DEFAULT_QUESTDB_PORTS.pg}/qdb`,
    readerUrl,
  };
}
