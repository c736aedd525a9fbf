// Reads the accounts of a key and derives the addresses of their terminals. In: the gateway's address. Out: checked account rows.

import { managementRoutes } from '../api/management-routes.ts';
import { checkedAddress, type TlsOptions } from '../options.ts';
import type { WireAccountRow } from '../wire/management.ts';
import { listAnswer, recordAnswer } from './answer.ts';
import { Caller, type CallOptions } from './call.ts';
import type { CallerOptions } from './transport.ts';

const list = listAnswer({ row: managementRoutes.accounts.answer.element, identifiers: false });
const row = recordAnswer(managementRoutes.account.answer);

export class FxSocketManagement {
  readonly #caller: Caller;

  /** `baseUrl` is without `/v1`. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: CallerOptions) {
    this.#caller = new Caller(options, '/v1');
  }

  /** The accounts that the key reaches (`GET /v1/accounts`). Rows that cannot be read are left out. @throws FxSocketError */
  async accounts(options?: CallOptions): Promise<WireAccountRow[]> {
    return (await this.#caller.get(managementRoutes.accounts.path, list, {}, options)).rows;
  }

  account(id: string, options?: CallOptions): Promise<WireAccountRow> {
    return this.#caller.get(accountPath(managementRoutes.account.path, id), row, {}, options);
  }

  /** Refuses new calls and resolves when pending ones have ended. A dispatcher from the options stays open. */
  close(): Promise<void> {
    return this.#caller.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The path of a route about one account. */
export const accountPath = (path: string, id: string): string => path.replace('{id}', encodeURIComponent(id));

/**
 * The terminal's addresses, built from the base address where the row has none yet. Both are checked before a key is sent there.
 * @throws FXSOCKET_ADDRESS
 */
export const accountUrls = (
  row: WireAccountRow,
  baseUrl: string,
  o: Pick<TlsOptions, 'allowHttp'> = {},
): { restUrl: string; wsUrl: string } => {
  const { allowHttp } = o;
  const { id, platform } = row;
  const whose = `of account ${JSON.stringify(id)}`;
  const below = [platform, id].map(encodeURIComponent).join('/');
  const restUrl = row.rest_url || `${baseUrl.replace(/\/+$/, '')}/${below}`;
  checkedAddress(row.rest_url ? `rest_url ${whose}` : 'baseUrl', restUrl, { for: 'http', allowHttp });
  const wsUrl = row.ws_url || `${restUrl.replace(/^http/i, 'ws').replace(/\/+$/, '')}/ws`;
  checkedAddress(`ws_url ${whose}`, wsUrl, { for: 'ws', allowHttp });
  return { restUrl, wsUrl };
};
