// The routes of `/v1/accounts`: list, get, link, update, unlink. In: method, path, key and body. Out: account rows in snake_case with UTC times; an
// account outside the key's scope is not found. Linking starts a terminal, which takes a while.

import { randomUUID } from 'node:crypto';
import { managementRoutes, type WireAccountLink, type WireAccountUpdate } from '@fxtape/fxsocket';
import type { AccountSpec, Scenario } from '../scenario.ts';
import { checkedBody } from './checked-body.ts';
import { type RestAnswer, v1Failed, v1NotFound, v1ReadOnly, v1Unauthorized } from '../answers/envelope.ts';
import type { ServedAccount } from './gateway-source.ts';
import type { ApiKey } from './keys.ts';
import { managementDocument } from './open-api.ts';
import { swaggerUi } from './swagger-ui.ts';

/** How linking and unlinking change what is served. */
export interface AccountChanges<A extends ServedAccount> {
  readonly rules: Scenario['linking'];
  /** Brokers' servers that exist. */
  readonly servers: readonly string[];
  link(account: Partial<AccountSpec> & { id: string }): A;
  unlink(served: A): void;
  /** Restarts the terminal. */
  restart(served: A): void;
  /** True UTC. */
  wallMs(): number;
}

/** The fields of an account row that linking sets. */
interface Linked {
  readonly createdAt: string;
  readonly proxy: Record<'proxy_address' | 'proxy_type', string> & { proxy_local_port: number | null };
  tradeEaSymbol: string;
}

export interface V1Request {
  readonly method: string;
  /** The path below `/v1`. */
  readonly path: string;
  readonly key: ApiKey | null;
  /** `host:port` that the caller used. */
  readonly host: string;
  readonly body: string;
}

const NO_PROXY: Linked['proxy'] = { proxy_address: '', proxy_type: '', proxy_local_port: null };
const DOCS = '/docs/';

export class Management<A extends ServedAccount> {
  readonly #accounts: readonly A[];
  /** Null: nothing can be changed, whatever the key. */
  readonly #changes: AccountChanges<A> | null;
  readonly #linked = new Map<string, Linked>();

  constructor(accounts: readonly A[], changes: AccountChanges<A> | null) {
    this.#accounts = accounts;
    this.#changes = changes;
  }

  async answer(request: V1Request): Promise<RestAnswer> {
    const { method, path, key } = request;
    if (method === 'GET') {
      const open = await this.#open(request);
      if (open !== null) return open;
    }
    if (key === null) return v1Unauthorized;
    const route = Object.values(managementRoutes).find(
      (one) => one.method === method && pattern(one.path).test(path),
    );
    if (route === undefined) return v1NotFound;
    const visible = this.#accounts.filter(({ account }) => key.reaches(account.id));
    const served = visible.find(({ account }) => path === `/accounts/${account.id}`);
    if (route.needs === 'manage') {
      const changes = key.readOnly ? null : this.#changes;
      if (changes === null) return v1ReadOnly;
      if (route === managementRoutes.linkAccount) return this.#link(request, key, changes);
      if (served === undefined) return v1NotFound;
      if (route === managementRoutes.unlinkAccount) return this.#unlink(served, changes);
      return this.#update(served, request, changes);
    }
    if (route === managementRoutes.accounts)
      return { status: 200, body: visible.map((each) => this.#row(each, request.host)) };
    return served === undefined ? v1NotFound : { status: 200, body: this.#row(served, request.host) };
  }

  /** The OpenAPI document and its page need no key. */
  #open({ path, host }: V1Request): Promise<RestAnswer | null> {
    if (path === '/openapi.json')
      return Promise.resolve({ status: 200, body: managementDocument(`http://${host}/v1`) });
    if (!path.startsWith(DOCS)) return Promise.resolve(null);
    return swaggerUi(path.slice(DOCS.length), { title: 'Management API', document: '../openapi.json' });
  }

  #link({ body, host }: V1Request, key: ApiKey, changes: AccountChanges<A>): RestAnswer {
    const checked = checkedBody<WireAccountLink>(managementRoutes.linkAccount.body, body, withoutBlanks);
    if (typeof checked === 'string') return v1Failed(400, 'invalid', checked);
    const { platform = 'mt5', server, nickname = '' } = checked;
    const login = Number(checked.login);
    if (!Number.isSafeInteger(login) || login <= 0)
      return v1Failed(400, 'invalid', 'login: not a login of a trading account');
    const refused = this.#refused(checked, { platform, login }, changes);
    if (refused !== null) return refused;
    const id = randomUUID();
    const served = changes.link({ id, platform, server, login, nickname });
    key.linked(id);
    this.#linked.set(id, {
      createdAt: new Date(changes.wallMs()).toISOString(),
      proxy:
        checked.proxy_address === undefined
          ? NO_PROXY
          : {
              proxy_address: checked.proxy_address,
              proxy_type: checked.proxy_type ?? 'socks5',
              proxy_local_port: checked.proxy_local_port ?? null,
            },
      tradeEaSymbol: checked.trade_ea_symbol ?? '',
    });
    return { status: 201, body: this.#row(served, host) };
  }

  #refused(
    { password, proxy_address: proxy, server }: WireAccountLink,
    { platform, login }: Pick<AccountSpec, 'platform' | 'login'>,
    { rules, servers }: AccountChanges<A>,
  ): RestAnswer | null {
    const { cap, password: right, proxies } = rules;
    const current = this.#accounts.length;
    const same = this.#accounts.some(
      ({ account }) => account.platform === platform && account.server === server && account.login === login,
    );
    if (same) return v1Failed(409, 'duplicate', 'This account is already linked.');
    if (cap !== null && current >= cap)
      return v1Failed(402, 'account_cap_reached', 'Your plan holds no more accounts.', { cap, current });
    if (proxy !== undefined && !proxies.includes(proxy))
      return v1Failed(400, 'proxy_unreachable', 'The proxy could not be reached.');
    if (!servers.includes(server))
      return v1Failed(400, 'server_not_found', `The broker server ${server} was not found.`);
    if (password !== right)
      return v1Failed(400, 'invalid_credentials', 'The broker did not accept this login.');
    return null;
  }

  #update(served: A, { body, host }: V1Request, changes: AccountChanges<A>): RestAnswer {
    const checked = checkedBody<WireAccountUpdate>(managementRoutes.updateAccount.body, body);
    if (typeof checked === 'string') return v1Failed(400, 'invalid', checked);
    const { id } = served.account;
    this.#linked.set(id, { ...this.#about(id), tradeEaSymbol: checked.trade_ea_symbol });
    changes.restart(served);
    return { status: 200, body: this.#row(served, host) };
  }

  #unlink(served: A, changes: AccountChanges<A>): RestAnswer {
    changes.unlink(served);
    this.#linked.delete(served.account.id);
    return { status: 204, body: '' };
  }

  #about(id: string): Linked {
    return this.#linked.get(id) ?? { createdAt: '2026-01-05T09:00:00Z', proxy: NO_PROXY, tradeEaSymbol: '' };
  }

  #row({ account, linkUp }: A, host: string): Record<string, unknown> {
    const base = `${host}/${account.platform}/${account.id}`;
    const { createdAt, proxy, tradeEaSymbol } = this.#about(account.id);
    return {
      id: account.id,
      nickname: account.nickname,
      platform: account.platform,
      server: account.server,
      login: account.login,
      status: linkUp ? 'connected' : 'connecting',
      error: '',
      rest_url: account.emptyUrls ? '' : `http://${base}`,
      ws_url: account.emptyUrls ? '' : `ws://${base}/ws`,
      ...proxy,
      trade_ea_symbol: tradeEaSymbol,
      created_at: createdAt,
    };
  }
}

/** A blank proxy field counts as absent. */
const withoutBlanks = (given: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== '' || !name.startsWith('proxy_')),
  );

/** `/accounts/{id}` as a pattern. */
const pattern = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
