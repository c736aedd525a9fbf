// Linking of accounts. In: the broker's server, a login and its password, or the id of a linked account. Out: the account's row. Passwords
// stand in the request and nowhere else: no error quotes them. Reading the list is `FxSocketManagement`.

import {
  managementRoutes as routes,
  type WireAccountLink,
  type WireAccountRow,
  type WireAccountUpdate,
} from '@fxtape/fxsocket';
import { accountPath, noAnswer, wholeAnswer } from '@fxtape/fxsocket/transport';
import { type ChangeCall, type ChangeOptions, Changer } from './change.ts';

export type AccountLinkRequest = WireAccountLink;
export type AccountUpdateRequest = WireAccountUpdate;

const DEADLINE_MS = 30_000;
/** Linking starts a terminal. */
const LINK_DEADLINE_MS = 120_000;

const row = wholeAnswer(routes.linkAccount.answer);

export class FxSocketAccounts {
  readonly #changer: Changer;

  /** `baseUrl` is without `/v1`. The key has to be a full one. */
  constructor(options: ChangeOptions) {
    this.#changer = new Changer(options, '/v1');
  }

  /** The row comes with `status` `connecting`; ask for it until it is `connected`, not more than every 25 s. */
  link(request: AccountLinkRequest, call?: ChangeCall): Promise<WireAccountRow> {
    const { login, password, proxy_auth: proxyAuth = '', server } = request;
    const [, proxyPassword = ''] = /:(.*)$/s.exec(proxyAuth) ?? [];
    const say = `Look for login ${login} on ${server} in /v1/accounts before you link it again`;
    return this.#changer.change(
      {
        route: routes.linkAccount,
        body: request,
        secrets: [password, proxyAuth, proxyPassword],
        form: row,
        deadlineMs: LINK_DEADLINE_MS,
        findOut: { look: ['/v1/accounts'], by: { login, server }, repeatable: false, say },
      },
      call,
    );
  }

  /** The symbol of the trade EA; empty goes back to the default. The terminal restarts. */
  update(id: string, request: AccountUpdateRequest, call?: ChangeCall): Promise<WireAccountRow> {
    const say = `Check trade_ea_symbol in /v1/accounts/${id}; sending the same request again is harmless`;
    return this.#changer.change(
      {
        route: routes.updateAccount,
        path: accountPath(routes.updateAccount.path, id),
        body: request,
        form: row,
        deadlineMs: DEADLINE_MS,
        findOut: { look: [`/v1/accounts/${id}`], by: { id }, repeatable: true, say },
      },
      call,
    );
  }

  /** Its terminal ends. What was recorded of it stays. */
  unlink(id: string, call?: ChangeCall): Promise<void> {
    const say = `Ask for /v1/accounts/${id}: 404 means that it is gone; unlinking it again is harmless`;
    return this.#changer.change(
      {
        route: routes.unlinkAccount,
        path: accountPath(routes.unlinkAccount.path, id),
        form: noAnswer,
        deadlineMs: DEADLINE_MS,
        findOut: { look: [`/v1/accounts/${id}`], by: { id }, repeatable: true, say },
      },
      call,
    );
  }

  /** Takes nothing new, and ends when what is under way has its answer. A dispatcher that was given stays open. */
  close(): Promise<void> {
    return this.#changer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
