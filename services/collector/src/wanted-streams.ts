// What one account is asked to record, as streams of the ledger and as subscriptions of the socket. In: the account's
// configuration and the symbols that its broker lists. Out: one list, in a fixed order, with what cannot be subscribed.
import { type AccountConfig, matchSymbols } from '@fxtape/config';
import type { Subscription } from '@fxtape/fxsocket';
import { type StreamKey, topicOfStream } from '@fxtape/market';

export interface WantedStreams {
  /** Everything configured, symbols that the broker does not list included: their absence is a gap too. */
  readonly streams: readonly StreamKey[];
  readonly subscriptions: readonly Subscription[];
  readonly unlisted: readonly string[];
}

const whole = (stream: StreamKey['stream']): StreamKey => ({ stream, symbol: null, timeframe: null });

export const wantedStreams = (config: AccountConfig, listed: readonly string[]): WantedStreams => {
  const { matched, unknown } = matchSymbols(config.marketData?.symbols ?? [], listed);
  const account = config.accountData.map(whole);
  const ofSymbol = (symbol: string): StreamKey[] => [
    { stream: 'ticks', symbol, timeframe: null },
    ...config.timeframes.map((timeframe) => ({ stream: 'bars' as const, symbol, timeframe })),
  ];
  const subscribed = [...account, ...matched.flatMap(ofSymbol)];
  return {
    streams: [...subscribed, ...unknown.flatMap(ofSymbol)],
    subscriptions: [{ topic: 'terminal' }, ...subscribed.map((key) => topicOfStream(key) as Subscription)],
    unlisted: unknown,
  };
};
