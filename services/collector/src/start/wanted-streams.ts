// What one account has to record, as streams of the ledger and as subscriptions of the socket. In: the account's configuration and the known
// symbols of its broker. Out: both lists in a fixed order, and the symbols that cannot be subscribed.
import { type AccountConfig, matchSymbols } from '@fxtape/config';
import type { WantedSubscription } from '@fxtape/fxsocket';
import { type StreamKey, streamsOfSymbol, type KnownSymbols, topicOfStream } from '@fxtape/market';

export interface WantedStreams {
  /** Everything configured, symbols that the broker does not list included: their absence is a gap too. */
  readonly streams: readonly StreamKey[];
  readonly subscriptions: readonly WantedSubscription[];
  /** Named, and not listed by the broker. */
  readonly unlisted: readonly string[];
  /** Known from before, not in the broker's newest list, and not proved gone. */
  readonly missing: readonly string[];
}

export const nothingWanted: WantedStreams = { streams: [], subscriptions: [], unlisted: [], missing: [] };

const whole = (stream: StreamKey['stream']): StreamKey => ({ stream, symbol: null, timeframe: null });

/**
 * `before`: what was subscribed until now. A missing symbol stays subscribed, because a list may be short while its ticks flow; what was not
 * subscribed waits until it is listed, because a gateway may acknowledge a symbol that it does not have.
 */
export const wantedStreams = (
  config: AccountConfig,
  known: Pick<KnownSymbols, 'listed' | 'missing'>,
  before: readonly WantedSubscription[] = [],
): WantedStreams => {
  const symbols = [...known.listed, ...known.missing].toSorted();
  const { matched, unknown } = matchSymbols(config.marketData?.symbols ?? [], symbols);
  const absent = new Set(known.missing);
  const subscribed = new Set(before.flatMap((sub) => ('symbol' in sub ? [sub.symbol] : [])));
  const account = config.accountData.map(whole);
  const ofSymbol = (symbol: string): StreamKey[] => streamsOfSymbol(symbol, config.timeframes);
  const asked = [
    ...account,
    ...matched.filter((symbol) => !absent.has(symbol) || subscribed.has(symbol)).flatMap(ofSymbol),
  ];
  return {
    streams: [...account, ...[...matched, ...unknown].flatMap(ofSymbol)],
    subscriptions: [{ topic: 'terminal' }, ...asked.map((key) => topicOfStream(key) as WantedSubscription)],
    unlisted: unknown,
    missing: matched.filter((symbol) => absent.has(symbol)),
  };
};
