// Asks an account's terminal for its symbols, more often while some are missing. In: the gateway, the configuration, and the symbols known
// from the tape or the database. Out: the wanted streams after each look, and when to look again.
import type { AccountConfig } from '@fxtape/config';
import { type FxSocketRest, isTerminalReady, type WantedSubscription } from '@fxtape/fxsocket';
import { KnownSymbols } from '@fxtape/market';
import type { Clock, Log } from '@fxtape/ops';
import { type WantedStreams, wantedStreams } from './wanted-streams.ts';

const EVERY_MS = 900_000;
const FIRST_AGAIN_MS = 5000;
/** While a symbol is missing that was known, or there may be more of them than were listed. */
const LONGEST_AGAIN_MS = 30_000;

export interface SymbolWatchOptions {
  readonly rest: Pick<FxSocketRest, 'status' | 'symbols'>;
  readonly clock: Pick<Clock, 'monoMs'>;
  readonly log: Log;
  /** Symbols of an earlier process. Those that `config` names need not be known: they are wanted whatever is listed. */
  readonly known: readonly string[];
  readonly config: AccountConfig;
}

export class SymbolWatch {
  readonly #o: SymbolWatchOptions;
  readonly #symbols: KnownSymbols;
  /** Looks in a row that left something open. */
  #again = 0;

  constructor(options: SymbolWatchOptions) {
    this.#o = options;
    const named = new Set(options.config.marketData?.symbols ?? []);
    this.#symbols = new KnownSymbols(options.known.filter((symbol) => !named.has(symbol)));
  }

  /** @throws the client's errors; what is known stays as it was. */
  async look(signal: AbortSignal): Promise<void> {
    const { clock, rest } = this.#o;
    const ready = await this.#isReady(signal);
    const monoMs = clock.monoMs();
    this.#symbols.saw({ listed: await rest.symbols({ signal }), ready, monoMs });
  }

  wanted(config: AccountConfig, before: readonly WantedSubscription[]): WantedStreams {
    return wantedStreams(config, this.#symbols, before);
  }

  /** Until the next look. A symbol that was named and never listed may be a misspelling: it is asked for ever more rarely. */
  pauseMs({ missing, unlisted }: Pick<WantedStreams, 'missing' | 'unlisted'>): number {
    const isUrgent = this.#symbols.doubtful || missing.length > 0;
    if (!isUrgent && unlisted.length === 0) {
      this.#again = 0;
      return EVERY_MS;
    }
    return Math.min(isUrgent ? LONGEST_AGAIN_MS : EVERY_MS, FIRST_AGAIN_MS * 2 ** this.#again++);
  }

  /** A terminal that does not say how it is lists what it lists; nothing is taken away by it. */
  async #isReady(signal: AbortSignal): Promise<boolean> {
    const { log, rest } = this.#o;
    try {
      return isTerminalReady(await rest.status({ signal, retry: 'none' }));
    } catch (error) {
      signal.throwIfAborted();
      log.debug({ err: error }, 'the terminal does not say whether it is ready');
      return false;
    }
  }
}
