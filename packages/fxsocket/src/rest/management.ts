// The account list of a key, and where each account's terminal is found. In: the management base address. Out: checked rows.
// Errors: FxSocketError.

import { managementRoutes } from '../api/management-routes.ts';
import type { WireAccountRow } from '../wire/management.ts';
import { listAnswer, recordAnswer } from './answer.ts';
import { Caller, type CallOptions } from './call.ts';
import type { CallerOptions } from './transport.ts';

const list = listAnswer({ row: managementRoutes.accounts.answer.element, identifiers: false });
const row = recordAnswer(managementRoutes.account.answer);

export class FxSocketManagement {
  readonly #caller: Caller;

  /** `baseUrl` is without `/v1`. */
  constructor(options: CallerOptions) {
    this.#caller = new Caller({ ...options, baseUrl: `${options.baseUrl.replace(/\/+$/, '')}/v1` });
  }

  /** A row that is no account, whatever it is, does not hide the others. */
  async accounts(options?: CallOptions): Promise<WireAccountRow[]> {
    return (await this.#caller.get(managementRoutes.accounts.path, list, {}, options)).rows;
  }

  account(id: string, options?: CallOptions): Promise<WireAccountRow> {
    return this.#caller.get(accountPath(managementRoutes.account.path, id), row, {}, options);
  }

  close(): Promise<void> {
    return this.#caller.close();
  }
}

/** The address of a route about one account. */
export const accountPath = (path: string, id: string): string => path.replace('{id}', encodeURIComponent(id));

/** The terminal's addresses; built from the base address where the row has none yet. */
export const accountUrls = (row: WireAccountRow, baseUrl: string): { restUrl: string; wsUrl: string } => {
  const restUrl = row.rest_url || `${baseUrl.replace(/\/+$/, '')}/${row.platform}/${row.id}`;
  return { restUrl, wsUrl: row.ws_url || `${restUrl.replace(/^http/, 'ws')}/ws` };
};
