// Who may ask. In: the key of a request. Out: which accounts it reaches. Over REST a key comes in the header `X-API-Key` or
// the query, over the socket only in the query; there is no Bearer scheme.

import type { IncomingMessage } from 'node:http';
import type { KeySpec } from '../scenario.ts';

export class Keys {
  readonly #byKey = new Map<string, KeySpec>();

  constructor(keys: readonly KeySpec[]) {
    for (const key of keys) this.#byKey.set(key.key, key);
  }

  /** The key of a REST request, or null when it is missing or unknown. */
  ofRequest(request: IncomingMessage, url: URL): KeySpec | null {
    const header = request.headers['x-api-key'];
    return this.find(typeof header === 'string' ? header : url.searchParams.get('api_key'));
  }

  find(key: string | null): KeySpec | null {
    return key === null ? null : (this.#byKey.get(key) ?? null);
  }
}

/** True when the key's scope holds the account. */
export function reaches(key: KeySpec, accountId: string): boolean {
  return key.accounts === 'all' || key.accounts.includes(accountId);
}
