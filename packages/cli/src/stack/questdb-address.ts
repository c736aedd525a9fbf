// The addresses of a QuestDB, in the forms that its users want. In: ports on loopback, or the variables of the environment. Out: the
// configuration string of the official clients, the URL of its HTTP port and the URL of its PostgreSQL port.
import { type Env, readVariable } from '@fxtape/ops';
import { engineError } from './engine-error.ts';

export interface QuestDbAddress {
  /** For QDB_CLIENT_CONF. */
  readonly conf: string;
  /** Without a slash at the end. */
  readonly httpUrl: string;
  /** For QUESTDB_PG_URL. */
  readonly pgUrl: string;
}

export const DEFAULT_QUESTDB_PORTS = { http: 9000, health: 9003, pg: 8812 } as const;

export function questDbAddress(httpPort: number, pgPort: number): QuestDbAddress {
  return {
    conf: `http::addr=127.0.0.1:${httpPort};`,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    pgUrl: `postgresql://admin:quest@127.0.0.1:${pgPort}/qdb`,
  };
}

/**
 * What the environment names, or null when it names no QuestDB.
 * @throws ENV_INVALID, ENGINE_SETTINGS when QDB_CLIENT_CONF has no address.
 */
export function givenQuestDb(env: Env): QuestDbAddress | null {
  const conf = readVariable('QDB_CLIENT_CONF', env);
  const pgUrl = readVariable('QUESTDB_PG_URL', env);
  if (conf === undefined) {
    if (pgUrl === undefined) return null;
    return { ...questDbAddress(DEFAULT_QUESTDB_PORTS.http, DEFAULT_QUESTDB_PORTS.pg), pgUrl };
  }
  const [, scheme, addr] = /^(https?)::(?:.*;)?addr=([^;]+)/.exec(conf) ?? [];
  if (scheme === undefined || addr === undefined) {
    throw engineError(
      'ENGINE_SETTINGS',
      'QDB_CLIENT_CONF does not name a QuestDB over HTTP',
      'Write it like http::addr=127.0.0.1:9000; or remove the variable, and fxtape finds or starts one',
    );
  }
  const { host, hostname } = new URL(`${scheme}://${addr}`);
  const withPort = /:\d+$/.test(addr) ? host : `${hostname}:${DEFAULT_QUESTDB_PORTS.http}`;
  return {
    conf,
    httpUrl: `${scheme}://${withPort}`,
    pgUrl: pgUrl ?? `postgresql://admin:quest@${hostname}:${DEFAULT_QUESTDB_PORTS.pg}/qdb`,
  };
}
