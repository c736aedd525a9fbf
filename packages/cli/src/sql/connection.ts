// How people and their tools connect. In: the addresses in force. Out: the facts for programs, and the same as lines to copy. They contain
// passwords: nothing else prints them, and only those who can read the data folder get here.
import { parseClientConf } from '@fxtape/questdb';

interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Connection {
  readonly reader: Login & {
    readonly url: string;
    readonly host: string;
    readonly port: number;
    readonly database: string;
  };
  /** The web console of QuestDB; only when it was asked for. */
  readonly admin?: { readonly console: string } & (Login | { readonly user: null; readonly password: null });
}

/** @throws QDB_CONF_INVALID */
export function connection(o: { conf: string; readerUrl: string; admin: boolean }): Connection {
  const url = new URL(o.readerUrl);
  const reader = {
    url: o.readerUrl,
    host: url.hostname,
    port: Number(url.port || 8812),
    database: url.pathname.slice(1) || 'qdb',
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
  if (!o.admin) return { reader };
  const { authorization, host, port, tls } = parseClientConf(o.conf);
  const console = `${tls ? 'https' : 'http'}://${host}:${port}/index.html`;
  return { reader, admin: { console, ...(login(authorization) ?? { user: null, password: null }) } };
}

function login(authorization: string | null): Login | null {
  const [, text] = /^Basic (.+)$/.exec(authorization ?? '') ?? [];
  if (text === undefined) return null;
  const [user = '', ...password] = Buffer.from(text, 'base64').toString().split(':');
  return { user, password: password.join(':') };
}

export function connectLines({ admin, reader }: Connection): string[] {
  const { database, host, password, port, url, user } = reader;
  const withoutTls = `${url}${url.includes('?') ? '&' : '?'}sslmode=disable`;
  const lines = [
    `Connect as the read-only user (${user}) over the PostgreSQL wire:`,
    '',
    `  psql         psql "${withoutTls}"`,
    `  URL          ${url}`,
    `  Grafana, BI  host ${host}  port ${port}  database ${database}  user ${user}  password ${password}  TLS off`,
    '  Python       pandas.read_sql(query, sqlalchemy.create_engine(URL with "postgresql+psycopg2" in front))',
    '  One query    fxtape sql "SELECT count() FROM ticks"   --csv and --json for programs',
  ];
  if (admin === undefined)
    return [...lines, '', 'QuestDB’s web console can write: --admin shows its password.'];
  const logIn = admin.user === null ? 'needs no password' : `user ${admin.user}  password ${admin.password}`;
  return [...lines, '', 'QuestDB’s web console, with full rights:', '', `  ${admin.console}  ${logIn}`];
}
