// Whether an account's bridge serves past ticks, and with which bounds. In: its OpenAPI document, and a small request if the route is listed. Out:
// `full` (bounds with a time of day), `dates_only` (whole broker days) or `absent`. Cached per account for an hour, because a bridge can be updated
// while running. A bridge that rejects bounds is probed again.
import { FxSocketError } from '@fxtape/fxsocket';
import { brokerMs, DAY_MS, formatBrokerTime, HOUR_MS } from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import type { SyncContext } from '../context/sync-context.ts';

export type TickAccess = 'full' | 'dates_only' | 'absent';

const KEEP_MS = HOUR_MS;
/** Width of the request that finds out which bounds the bridge accepts. */
const PROBE_MS = 2000;
const ABSENT = new Set([
  'FXSOCKET_NOT_FOUND',
  'FXSOCKET_FORBIDDEN',
  'FXSOCKET_PAYMENT_REQUIRED',
  'FXSOCKET_HTTP',
]);

export class QuoteTicksAccess {
  readonly #clock: Pick<Clock, 'monoMs'>;
  readonly #known = new Map<string, { access: TickAccess; untilMs: number }>();
  readonly #doubted = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monoMs'>) {
    this.#clock = clock;
  }

  /** `symbol` is the one that the probe asks for. @throws FxSocketError when the bridge does not answer at all. */
  async of(c: SyncContext, symbol: string): Promise<TickAccess> {
    const known = this.#known.get(c.account.account);
    if (known !== undefined && this.#clock.monoMs() < known.untilMs) return known.access;
    const access = (await offered(c)) ? await probed(c, symbol) : 'absent';
    this.#keep(c.account.account, access);
    return access;
  }

  /**
   * The bridge refused a request that the probe had said it serves. True: the bridge will be probed again, so come again. False: it was
   * only just probed, so until the next probe the route counts as absent.
   */
  refused(account: string): boolean {
    const nowMs = this.#clock.monoMs();
    if (nowMs >= (this.#doubted.get(account) ?? Number.NEGATIVE_INFINITY)) {
      this.#doubted.set(account, nowMs + KEEP_MS);
      this.#known.delete(account);
      return true;
    }
    this.#keep(account, 'absent');
    return false;
  }

  #keep(account: string, access: TickAccess): void {
    this.#known.set(account, { access, untilMs: this.#clock.monoMs() + KEEP_MS });
  }
}

async function offered(c: SyncContext): Promise<boolean> {
  try {
    const document = await c.ask(
      { route: '/api-doc/openapi.json', purpose: 'facts', optional: true },
      (signal) => c.account.rest.openApi({ signal }),
    );
    const paths = document['paths'];
    if (typeof paths !== 'object' || paths === null) return true;
    return Object.keys(paths).some((path) => path.endsWith('/QuoteTicks'));
  } catch (error) {
    // A bridge without a document may still have the route: the probe shows.
    if (error instanceof FxSocketError && ABSENT.has(error.code)) return true;
    throw error;
  }
}

async function probed(c: SyncContext, symbol: string): Promise<TickAccess> {
  const now = await c.account.brokerNowMs(c.signal);
  const spell = (ms: number, length: number): string => formatBrokerTime(brokerMs(ms)).slice(0, length);
  if (await takes(c, symbol, { from: spell(now - PROBE_MS, 19), to: spell(now, 19) })) return 'full';
  // Two different dates, however the bridge reads the last one.
  const dates = { from: spell(now - DAY_MS, 10), to: spell(now, 10) };
  return (await takes(c, symbol, dates)) ? 'dates_only' : 'absent';
}

/** False: it lacks the route, or does not accept these bounds. */
async function takes(
  c: SyncContext,
  symbol: string,
  bounds: { readonly from: string; readonly to: string },
): Promise<boolean> {
  try {
    await c.ask({ route: '/QuoteTicks', of: 'bounds', purpose: 'facts', optional: true }, (signal) =>
      c.account.rest.quoteTicks({ symbol, ...bounds }, { signal, retry: 'transport' }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof FxSocketError)) throw error;
    if (error.code === 'FXSOCKET_VALIDATION' || ABSENT.has(error.code)) return false;
    throw error;
  }
}
