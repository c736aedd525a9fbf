// Canned replies, each for the next request that fits. In: method, path and the reply. Out: the reply, once, in the order in which they were
// queued; whoever asks for it may have no key.

import type { RestAnswer } from '../answers/envelope.ts';

export interface Injection {
  readonly method: string;
  /** The whole path, or its end, such as `/OrderSend` or `/v1/accounts`; without the query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent as it is, anything else as JSON. */
  readonly body: unknown;
}

export class Injected {
  readonly #waiting: Injection[] = [];

  /** Replies that nobody has fetched. */
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
    // In lower case they replace the gateway's own.
    const headers = Object.fromEntries(
      Object.entries(found.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { status, body, headers };
  }
}
