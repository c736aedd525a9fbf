// The way in: a key, and from it the accounts, the terminal of each and its live topics. In: a key. Out: clients that share its settings and end
// with it. Whoever wants one of them alone can make it: `FxSocketManagement`, `FxSocketRest`, `FxFeed`, `FxStream`.

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
  /** Without `/v1`; default `https://api.fxsocket.com`. */
  readonly baseUrl?: string;
  /** For proxies of the live topics; `dispatcher` is that of all else. */
  readonly agent?: Agent;
}

const BASE_URL = 'https://api.fxsocket.com';

export class FxSocket {
  readonly #o: FxSocketOptions & { readonly baseUrl: string };
  readonly #management: FxSocketManagement;
  /** By the account's id and address. */
  readonly #terminals = new Map<string, FxSocketRest>();
  readonly #feeds = new Map<string, FxFeed>();
  #closing: Promise<unknown> | null = null;

  /** @throws FXSOCKET_ADDRESS, FXSOCKET_BAD_ARGUMENT */
  constructor(options: FxSocketOptions) {
    this.#o = { ...options, baseUrl: options.baseUrl ?? BASE_URL };
    this.#management = new FxSocketManagement(this.#o);
  }

  /** The accounts that the key reaches. */
  accounts(call?: CallOptions): Promise<WireAccountRow[]> {
    return this.#management.accounts(call);
  }

  /** The account with this id, nickname or login; without one the only account of the key. @throws FXSOCKET_NOT_FOUND and as `accounts` */
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

  /** What the constructors of `FxSocketRest` and, for orders, `FxSocketTrading` take. @throws FXSOCKET_ADDRESS */
  connection(account: WireAccountRow): CallerOptions {
    const { agent: _agent, baseUrl, ...rest } = this.#o;
    return { ...rest, baseUrl: accountUrls(account, baseUrl, rest).restUrl };
  }

  /** The terminal of an account: status, quotes, history, positions. One client an account. @throws FXSOCKET_ADDRESS */
  terminal(account: WireAccountRow): FxSocketRest {
    const options = this.connection(account);
    return this.#once(this.#terminals, options.baseUrl, () => new FxSocketRest(options));
  }

  /** The live topics of an account, over its one socket. @throws FXSOCKET_ADDRESS */
  feed(account: WireAccountRow): FxFeed {
    const { baseUrl, dispatcher: _dispatcher, ...options } = this.#o;
    const url = accountUrls(account, baseUrl, options).wsUrl;
    return this.#once(this.#feeds, url, () => new FxFeed({ ...options, url }));
  }

  /** Ends everything that came from here: feeds at once, requests when they have their answer. */
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
