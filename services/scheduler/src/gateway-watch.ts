// The gateway's view of one account: its identity, the symbols its broker lists, its clock; never history. In: the account's configuration and
// key. Out: one view, partly cached: the account is looked up every five minutes, symbols every fifteen, or each time while known symbols
// are missing. While configured symbols were never listed, the pause between reads grows up to that.
import { type AccountConfig, matchAccount, matchSymbols, requireKey } from '@fxtape/config';
import {
  accountUrls,
  FxSocketManagement,
  FxSocketRest,
  isTerminalReady,
  type ServerTimezone,
  type WireAccountInfo,
  type WireAccountRow,
} from '@fxtape/fxsocket';
import { KnownSymbols } from '@fxtape/market';
import { type Clock, FxtapeError } from '@fxtape/ops';

export interface GatewayView {
  readonly row: WireAccountRow;
  readonly info: WireAccountInfo;
  /** As the broker spells them. */
  readonly listed: readonly string[];
  /** Known before, not in the newest list, and not proved gone. */
  readonly missing: readonly string[];
}

export interface GatewayWatchOptions {
  /** The current key in a variable. */
  readonly keyOf: (variable: string) => string;
  /** Management base, without `/v1`. */
  readonly baseUrl: string;
  readonly clock: Clock;
}

const ACCOUNT_EVERY_MS = 300_000;
const SYMBOLS_EVERY_MS = 900_000;

interface Seen<T> {
  readonly value: T;
  readonly atMs: number;
}

export class GatewayWatch {
  readonly #o: GatewayWatchOptions;
  #config: AccountConfig;
  #rest: { client: FxSocketRest; made: string } | null = null;
  #account: Seen<Pick<GatewayView, 'row' | 'info'>> | null = null;
  #symbols: KnownSymbols | null = null;
  #symbolsDueMs = Number.NEGATIVE_INFINITY;
  /** Since when the list lacks a symbol that the configuration names; null: it lacks none. */
  #lackingSinceMs: number | null = null;

  constructor(config: AccountConfig, options: GatewayWatchOptions) {
    this.#config = config;
    this.#o = options;
  }

  /** Takes a changed configuration and asks everything again, but remembers known symbols. */
  reconfigure(config: AccountConfig): void {
    this.#config = config;
    this.#account = null;
    this.#symbolsDueMs = Number.NEGATIVE_INFINITY;
    this.#lackingSinceMs = null;
  }

  /** `known`: symbols of the open streams, for the first call. @throws ACCOUNT_NOT_FOUND, KEY_MISSING, and the client's errors. */
  async view(known: readonly string[], signal: AbortSignal): Promise<GatewayView> {
    const account = await this.#found(signal);
    // A symbol that is named exactly is a stream whether it is listed or not.
    const named = new Set(this.#config.marketData?.symbols);
    this.#symbols ??= new KnownSymbols(known.filter((symbol) => !named.has(symbol)));
    const { listed, missing } = await this.#look(this.#symbols, this.#restOf(account.row), signal);
    return { ...account, listed, missing };
  }

  /** The broker's clock now. */
  async timezone(signal: AbortSignal): Promise<ServerTimezone> {
    const { row } = await this.#found(signal);
    return this.#restOf(row).serverTimezone({ signal });
  }

  async close(): Promise<void> {
    await this.#rest?.client.close();
    this.#rest = null;
  }

  async #look(book: KnownSymbols, rest: FxSocketRest, signal: AbortSignal): Promise<KnownSymbols> {
    const monoMs = this.#o.clock.monoMs();
    if (monoMs < this.#symbolsDueMs) return book;
    // Without a ready terminal, a missing symbol proves nothing.
    const ready = await rest.status({ signal, retry: 'none' }).then(isTerminalReady, () => false);
    book.saw({ listed: await rest.symbols({ signal }), ready, monoMs });
    const isWhole = !book.doubtful && book.missing.length === 0;
    this.#symbolsDueMs = isWhole ? monoMs + this.#pauseMs(book, monoMs) : Number.NEGATIVE_INFINITY;
    return book;
  }

  /** A list may be incomplete although its terminal is ready, and a configured symbol may not exist at this broker. */
  #pauseMs({ listed }: KnownSymbols, monoMs: number): number {
    const { symbols } = this.#config.marketData ?? { symbols: [] };
    const lacking = symbols.some((symbol) => matchSymbols([symbol], listed).matched.length === 0);
    this.#lackingSinceMs = lacking ? (this.#lackingSinceMs ?? monoMs) : null;
    if (this.#lackingSinceMs === null) return SYMBOLS_EVERY_MS;
    return Math.min(SYMBOLS_EVERY_MS, (monoMs - this.#lackingSinceMs) / 4);
  }

  async #found(signal: AbortSignal): Promise<Pick<GatewayView, 'row' | 'info'>> {
    const nowMs = this.#o.clock.monoMs();
    const every = this.#config.discoverMs ?? ACCOUNT_EVERY_MS;
    if (this.#account !== null && nowMs - this.#account.atMs < every) return this.#account.value;
    const row = await this.#search(signal);
    const info = await this.#restOf(row).accountInfo({ signal });
    this.#account = { value: { row, info }, atMs: nowMs };
    return this.#account.value;
  }

  async #search(signal: AbortSignal): Promise<WireAccountRow> {
    const { baseUrl, keyOf } = this.#o;
    const { allowHttp } = this.#config;
    const management = new FxSocketManagement({
      baseUrl,
      apiKey: requireKey(this.#config, keyOf),
      allowHttp,
    });
    try {
      if (this.#config.id !== null) return await management.account(this.#config.id, { signal });
      const found = matchAccount(this.#config, await management.accounts({ signal }));
      if (found !== undefined) return found;
    } finally {
      await management.close();
    }
    throw new FxtapeError({
      code: 'ACCOUNT_NOT_FOUND',
      message: `no account of this key matches ${JSON.stringify(this.#config.match)}`,
      context: { account: this.#config.name },
    });
  }

  /** The client is replaced when address, key or TLS settings change. */
  #restOf(row: WireAccountRow): FxSocketRest {
    const { baseUrl, keyOf } = this.#o;
    const { allowHttp, tlsVerify } = this.#config;
    const url = accountUrls(row, baseUrl, { allowHttp }).restUrl;
    const apiKey = requireKey(this.#config, keyOf);
    const made = JSON.stringify([url, apiKey, tlsVerify, allowHttp]);
    if (this.#rest?.made !== made) {
      void this.#rest?.client.close();
      this.#rest = { client: new FxSocketRest({ baseUrl: url, apiKey, tlsVerify, allowHttp }), made };
    }
    return this.#rest.client;
  }
}
