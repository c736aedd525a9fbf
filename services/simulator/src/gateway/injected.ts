// Canned replies. In: method, path and reply. Out: each reply once, to the next matching request, in the order of queueing. The request needs no key.

import type { RestAnswer } from '../answers/envelope.ts';

export interface Injection {
  readonly method: string;
  /** The whole path, or its end, such as `/OrderSend` or `/v1/accounts`; without the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent unchanged, anything else as JSON. */
  readonly body: unknown;
}

export class Injected {
  readonly #waiting: Injection[] = [];

  /** Replies that are still waiting. */
  get waiting(): readonly Injection[] {
    return this.#waiting;
  }

  queue(injection: Injection): void {
    this.#waiting.push(injection);
  }

  take(method: string, path: string): RestAnswer | null {
    const at = this.#waiting.findIndex((one) => one.method === method && path.endsWith(one.path));
    const [found] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (found === undefined) return null;
    const { status, body } = found;
    // Lower case, so that they replace the gateway's own headers.
    const headers = Object.fromEntries(
      Object.entries(found.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { status, body, headers };
  }
}
