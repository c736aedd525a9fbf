// The entry point. In: an API key and connection options. Out: the accounts that the key reaches, and for each one a REST client and a feed,
// which share the options and are closed together. `FxSocketManagement`, `FxSocketRest`, `FxFeed` and `FxStream` also work on their own.

import type { Agent } from 'node:http';
import { badArgument, type TlsOptions } from './options.ts';
import { FxSocketError } from './errors.ts';
import type { CallOptions } from './rest/call.ts';
import { accountUrls, FxSocketManagement } from './rest/management.ts';
import { FxSocketRest } from './rest/terminal.ts';
import type { CallerOptions } from './rest/transport.ts';
import { FxFeed } from './stream/feed.ts';
import type { WireAccountRow } from './wire/management.ts';

export interface FxSocketOptions extends TlsOptions, Pick<CallerOptions, 'apiKey' | 'dispatcher'> {
  /** Address of the gateway, without `/v1`; default `https://api.fxsocket.com`. */
  readonly baseUrl?: string;
  /** Proxy for the live topics; `dispatcher` is the proxy for REST. */
  readonly agent?: Agent;
}

const BASE_URL = 'https://api.fxsocket.com';

export class FxSocket {
  readonly #o: FxSocketOptions & { readonly baseUrl: string };
  readonly #management: FxSocketManagement;
  /** By REST address. */
  readonly #terminals = new Map<string, FxSocketRest>();
  readonly #feeds = new Map<string, FxFeed>();
  #closing: Promise<unknown> | null = null;

  /** @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: FxSocketOptions) {
    this.#o = { ...options, baseUrl: options.baseUrl ?? BASE_URL };
    this.#management = new FxSocketManagement(this.#o);
  }

  /** The accounts that the key reaches (`GET /v1/accounts`). @throws FxSocketError */
  accounts(call?: CallOptions): Promise<WireAccountRow[]> {
    return this.#management.accounts(call);
  }

  /**
   * The account with this id, nickname or login; without an argument the key's only account.
   * @throws FXSOCKET_NOT_FOUND when none or several fit, and whatever `accounts` throws
   */
  async account(which?: string | number, call?: CallOptions): Promise<WireAccountRow> {
    const all = await this.accounts(call);
    const name = which === undefined ? null : String(which);
    const found = all.filter(
      (row) => name === null || [row.id, row.nickname, String(row.login)].includes(name),
    );
    const [first] = found;
    if (first !== undefined && found.length === 1) return first;
    const asked = name === null ? 'a single account' : `a single account called ${JSON.stringify(name)}`;
    const names = all.map(({ id, nickname }) => nickname || id).join(', ');
    throw new FxSocketError({
      code: 'FXSOCKET_NOT_FOUND',
      message: `the key does not reach ${asked}: ${all.length === 0 ? 'it reaches none' : `there are ${names}`}`,
    });
  }

  /** The options of an account for the constructors of `FxSocketRest` and `FxSocketTrading`. @throws FXSOCKET_ADDRESS */
  connection(account: WireAccountRow): CallerOptions {
    const { agent: _agent, baseUrl, ...rest } = this.#o;
    return { ...rest, baseUrl: accountUrls(account, baseUrl, rest).restUrl };
  }

  /** The REST routes of an account. Repeated calls return the same client. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT after `close` */
  terminal(account: WireAccountRow): FxSocketRest {
    const options = this.connection(account);
    return this.#once(this.#terminals, options.baseUrl, () => new FxSocketRest(options));
  }

  /** The live topics of an account. Repeated calls return the same feed. @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT after `close` */
  feed(account: WireAccountRow): FxFeed {
    const { baseUrl, dispatcher: _dispatcher, ...options } = this.#o;
    const url = accountUrls(account, baseUrl, options).wsUrl;
    return this.#once(this.#feeds, url, () => new FxFeed({ ...options, url }));
  }

  /** Closes every client that came from here: feeds at once, REST clients after their pending requests. */
  async close(): Promise<void> {
    const parts = [this.#management, ...this.#terminals.values(), ...this.#feeds.values()];
    this.#closing ??= Promise.all(parts.map((part) => part.close()));
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #once<T>(made: Map<string, T>, address: string, make: () => T): T {
    if (this.#closing !== null) throw badArgument('this client is closed');
    const known = made.get(address) ?? make();
    made.set(address, known);
    return known;
  }
}
