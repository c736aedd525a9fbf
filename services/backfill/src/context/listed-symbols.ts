// Which symbols a broker lists. In: an account and a symbol. Out: whether it is listed. Only asked when an answer suggests that a symbol may not exist.
import { MINUTE_MS } from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import type { Asking } from './account-context.ts';

const KEEP_MS = MINUTE_MS;

export class ListedSymbols {
  readonly #clock: Pick<Clock, 'monoMs'>;
  readonly #known = new Map<string, { symbols: ReadonlySet<string>; untilMs: number }>();

  constructor(clock: Pick<Clock, 'monoMs'>) {
    this.#clock = clock;
  }

  /** Null: the terminal lists nothing at all yet. */
  async has(c: Asking, symbol: string): Promise<boolean | null> {
    const known = this.#known.get(c.account.account);
    if (known !== undefined && this.#clock.monoMs() < known.untilMs) return known.symbols.has(symbol);
    const listed = await c.ask({ route: '/symbols', purpose: 'facts' }, (signal) =>
      c.account.rest.symbols({ signal, retry: 'transport' }),
    );
    if (listed.length === 0) return null;
    const symbols = new Set(listed);
    this.#known.set(c.account.account, { symbols, untilMs: this.#clock.monoMs() + KEEP_MS });
    return symbols.has(symbol);
  }
}
