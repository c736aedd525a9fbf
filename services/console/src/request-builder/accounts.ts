// The accounts of the configuration as the page needs them. In: the configuration in force, the keys, the gateway. Out: their names; of one
// its addresses, and what can be asked of it by its own OpenAPI document. A gateway that does not answer is a note, not an error: commands can
// be built without it. Keys leave this file only towards the gateway.
import { type AccountConfig, type Config, matchAccount, unknownName } from '@fxtape/config';
import {
  accountUrls,
  FxSocketError,
  FxSocketManagement,
  FxSocketRest,
  type OpenApiDocument,
  type WireAccountRow,
} from '@fxtape/fxsocket';
import { FxtapeError, Redactor } from '@fxtape/ops';
import type { Endpoint, Target } from './endpoint.ts';
import { endpointsOf } from './endpoints.ts';
import { Kept } from './kept.ts';

export interface GatewayAccountsOptions {
  readonly config: () => Promise<Config>;
  readonly keyOf: (variable: string) => string | undefined;
  readonly baseUrl: string;
}

export interface ListedAccount {
  readonly name: string;
  readonly keyVariable: string;
  /** The console holds its key, so it can run requests. */
  readonly hasKey: boolean;
}

export interface Surface {
  readonly target: Target;
  readonly endpoints: readonly Endpoint[];
  /** `own`: our own document, because the account's did not come. */
  readonly source: 'live' | 'own';
  /** What the document is, or why it did not come. */
  readonly note: string;
}

const DEADLINE_MS = 6000;
/** Stands in commands where the account is not known. */
const UNKNOWN_ID = 'YOUR_ACCOUNT_ID';
const EXAMPLE: ListedAccount = { name: 'example', keyVariable: 'FXSOCKET_API_KEY', hasKey: false };

export class GatewayAccounts {
  readonly #o: GatewayAccountsOptions;
  readonly #rows = new Kept<WireAccountRow>({ goodMs: 60_000, badMs: 5000 });
  readonly #surfaces = new Kept<Surface>({ goodMs: 15_000, badMs: 1000 });

  constructor(options: GatewayAccountsOptions) {
    this.#o = options;
  }

  /** Without a configuration there is an example, so that commands can be built; `note` says why. */
  async list(): Promise<{ accounts: ListedAccount[]; note: string | null }> {
    try {
      const { accounts } = await this.#o.config();
      const listed = accounts.map(({ keyVariable, name }) => ({
        name,
        keyVariable,
        hasKey: this.#o.keyOf(keyVariable) !== undefined,
      }));
      return { accounts: listed, note: null };
    } catch (error) {
      if (!(error instanceof FxtapeError)) throw error;
      return { accounts: [EXAMPLE], note: `${error.code}: ${error.message}` };
    }
  }

  /** @throws REQUEST_INVALID: no account of this name. */
  async surface(name: string): Promise<Surface> {
    const account = await this.#account(name);
    return this.#surfaces.get(`${name}\n${JSON.stringify(account)}`, () => this.#ask(name, account));
  }

  /** @throws REQUEST_INVALID, KEY_MISSING. */
  async key(name: string): Promise<string> {
    const account = await this.#account(name);
    const variable = account?.keyVariable ?? EXAMPLE.keyVariable;
    const key = account === null ? undefined : this.#o.keyOf(variable);
    if (key !== undefined) return key;
    throw new FxtapeError({
      code: 'KEY_MISSING',
      message: `the console has no key for the account "${name}"`,
      hint: `Set ${variable} (or ${variable}_FILE) where the console runs; a read-only key (fxs_ro_…) is enough`,
      context: { status: 409, account: name, variable },
    });
  }

  /** Null: the example. */
  async #account(name: string): Promise<AccountConfig | null> {
    const { accounts } = await this.list();
    if (accounts.includes(EXAMPLE) && name === EXAMPLE.name) return null;
    const found = accounts.some((one) => one.name === name)
      ? (await this.#o.config()).accounts.find((one) => one.name === name)
      : undefined;
    if (found !== undefined) return found;
    throw new FxtapeError({
      code: 'REQUEST_INVALID',
      message: unknownName(
        'account',
        name.slice(0, 80),
        accounts.map((one) => one.name),
      ).message,
      hint: 'Reload the page',
      context: { status: 400 },
    });
  }

  async #ask(name: string, account: AccountConfig | null): Promise<Surface> {
    const apiKey = account === null ? undefined : this.#o.keyOf(account.keyVariable);
    if (account === null || apiKey === undefined) {
      const variable = account?.keyVariable ?? EXAMPLE.keyVariable;
      return this.#own(name, account, null, `the console has no key: ${variable} is not set there`);
    }
    let row: WireAccountRow | null = null;
    try {
      const found = await this.#rows.get(`${name}\n${JSON.stringify(account)}`, () =>
        this.#find(account, apiKey),
      );
      row = found;
      const target = this.#target(name, account, found);
      const live = await document(target, apiKey);
      const { info } = live as { info?: { title?: unknown; version?: unknown } };
      const title = [info?.title, info?.version].filter((each) => typeof each === 'string').join(' ');
      const note = title === '' ? "the account's own OpenAPI document" : title;
      return { target, endpoints: endpointsOf(live), source: 'live', note };
    } catch (error) {
      if (!(error instanceof FxSocketError) && !(error instanceof FxtapeError)) throw error;
      const shown = error.code === 'FXSOCKET_ADDRESS' ? null : row;
      return this.#own(name, account, shown, `${error.code}: ${error.message}`);
    }
  }

  async #find(account: AccountConfig, apiKey: string): Promise<WireAccountRow> {
    const management = new FxSocketManagement({
      baseUrl: this.#o.baseUrl,
      apiKey,
      allowHttp: account.allowHttp,
    });
    try {
      const call = { deadlineMs: DEADLINE_MS, retry: 'none' } as const;
      if (account.id !== null) return await management.account(account.id, call);
      const found = matchAccount(account, await management.accounts(call));
      if (found !== undefined) return found;
      throw new FxtapeError({
        code: 'ACCOUNT_NOT_FOUND',
        message: `no account of this key matches ${JSON.stringify(account.match)}`,
        context: { account: account.name },
      });
    } finally {
      await management.close();
    }
  }

  #own(name: string, account: AccountConfig | null, row: WireAccountRow | null, note: string): Surface {
    return { target: this.#target(name, account, row), endpoints: endpointsOf(null), source: 'own', note };
  }

  #target(name: string, account: AccountConfig | null, row: WireAccountRow | null): Target {
    const baseUrl = this.#o.baseUrl.replace(/\/+$/, '');
    // The example is never queried; its addresses are only shown.
    const allowHttp = account?.allowHttp ?? true;
    const assumed = { id: account?.id ?? UNKNOWN_ID, platform: 'mt5', server: '', login: 0, status: '' };
    return {
      account: name,
      platform: row?.platform ?? assumed.platform,
      ...accountUrls(row ?? assumed, baseUrl, { allowHttp }),
      managementUrl: `${baseUrl}/v1`,
      keyVariable: account?.keyVariable ?? EXAMPLE.keyVariable,
      tlsVerify: account?.tlsVerify ?? true,
      allowHttp,
    };
  }
}

async function document(target: Target, apiKey: string): Promise<OpenApiDocument> {
  const { allowHttp, restUrl, tlsVerify } = target;
  const rest = new FxSocketRest({ baseUrl: restUrl, apiKey, tlsVerify, allowHttp });
  try {
    const told = await rest.openApi({ deadlineMs: DEADLINE_MS, retry: 'none' });
    // All of it is shown.
    return JSON.parse(new Redactor([apiKey]).redact(JSON.stringify(told))) as OpenApiDocument;
  } finally {
    await rest.close();
  }
}
