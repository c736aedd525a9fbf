// Links, updates and unlinks accounts. In: a broker server with login and password, or the id of a linked account. Out: the account's row.
// Passwords appear only in the request, never in an error. To list accounts use `FxSocketManagement`.

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

  /** `baseUrl` is without `/v1`. Needs a full key. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: ChangeOptions) {
    this.#changer = new Changer(options, '/v1');
  }

  /**
   * Links an account. The row has the status `connecting`: read it again, at most every 25 s, until it is `connected`.
   * @throws FxSocketTradingError
   */
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

  /** Changes the symbol of the trade EA; empty restores the default. The terminal restarts. @throws FxSocketTradingError */
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

  /** Unlinks an account and stops its terminal. @throws FxSocketTradingError */
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

  /** Refuses new calls and resolves when pending ones have ended. A dispatcher from the options stays open. */
  close(): Promise<void> {
    return this.#changer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
