// Checks API keys. In: the key of a request. Out: whether it is known, which accounts it reaches, whether it may trade. REST takes the key in the
// header `X-API-Key` or the query, the socket only in the query; there is no Bearer scheme.

import type { IncomingMessage } from 'node:http';
import type { KeySpec } from '../scenario.ts';

export class ApiKey {
  readonly readOnly: boolean;
  readonly #accounts: Set<string> | null;

  constructor({ readOnly, accounts }: KeySpec) {
    this.readOnly = readOnly;
    this.#accounts = accounts === 'all' ? null : new Set(accounts);
  }

  /** True when the key's scope holds the account. */
  reaches(accountId: string): boolean {
    return this.#accounts?.has(accountId) ?? true;
  }

  /** Adds an account that this key linked to its scope. */
  linked(accountId: string): void {
    this.#accounts?.add(accountId);
  }
}

export class Keys {
  readonly #byKey = new Map<string, ApiKey>();

  constructor(keys: readonly KeySpec[]) {
    for (const key of keys) this.#byKey.set(key.key, new ApiKey(key));
  }

  /** The key of a REST request, or null when it is missing or unknown. */
  ofRequest(request: IncomingMessage, url: URL): ApiKey | null {
    const header = request.headers['x-api-key'];
    return this.find(typeof header === 'string' ? header : url.searchParams.get('api_key'));
  }

  find(key: string | null): ApiKey | null {
    return key === null ? null : (this.#byKey.get(key) ?? null);
  }
}
