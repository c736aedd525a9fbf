// The management side, `/v1/accounts`. In: the key and the host name that the caller used. Out: account rows in snake_case
// with true UTC times; an account outside the key's scope is as if it were not there.

import type { AccountSpec, KeySpec } from '../scenario.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type RestAnswer, v1NotFound, v1Unauthorized } from './envelope.ts';
import { reaches } from './keys.ts';

function accountRow(account: AccountSpec, status: string, host: string): Record<string, unknown> {
  const base = `${host}/${account.platform}/${account.id}`;
  return {
    id: account.id,
    nickname: account.nickname,
    platform: account.platform,
    server: account.server,
    login: account.login,
    status,
    error: '',
    rest_url: account.emptyUrls ? '' : `http://${base}`,
    ws_url: account.emptyUrls ? '' : `ws://${base}/ws`,
    proxy_address: '',
    proxy_type: '',
    proxy_local_port: null,
    trade_ea_symbol: '',
    created_at: '2026-01-05T09:00:00Z',
  };
}

/** `path` begins behind `/v1`. */
export function answerV1(
  path: string,
  options: { key: KeySpec | null; terminals: readonly Terminal[]; host: string },
): RestAnswer {
  const { key, terminals, host } = options;
  if (key === null) return v1Unauthorized;
  const visible = terminals.filter(({ account }) => reaches(key, account.id));
  const row = (terminal: Terminal): unknown =>
    accountRow(terminal.account, terminal.linkUp ? 'connected' : 'connecting', host);
  if (path === '/accounts') return { status: 200, body: visible.map(row) };
  const id = /^\/accounts\/([^/]+)$/.exec(path)?.[1];
  const found = visible.find(({ account }) => account.id === id);
  return found === undefined ? v1NotFound : { status: 200, body: row(found) };
}
