// What can be asked of a stream, and the words that ask for it. In: a topic with its symbol and timeframe. Out: the
// request text as the gateway expects it (no keys that are not needed) and a key to compare subscriptions by.

import { badArgument } from '../options.ts';
import { timeframes, type WireTimeframe } from '../wire/market.ts';

export const topics = ['terminal', 'account', 'positions', 'trades', 'prices', 'bars'] as const;

/** In the order in which they are requested: the heartbeat first, market data last. */
export type Topic = (typeof topics)[number];

export interface Subscription {
  topic: Topic;
  symbol?: string;
  timeframe?: string;
}

/** What a stream may be asked for. */
export type WantedSubscription =
  | { readonly topic: 'prices'; readonly symbol: string }
  | { readonly topic: 'bars'; readonly symbol: string; readonly timeframe: WireTimeframe }
  | { readonly topic: 'account' | 'positions' | 'trades' | 'terminal' };

const known = new Set<string>(topics);

export function isTopic(word: string): word is Topic {
  return known.has(word);
}

/** Two subscriptions with the same key are the same one. */
export function subscriptionKey(sub: Subscription): string {
  return `${sub.topic}\n${sub.symbol ?? ''}\n${sub.timeframe ?? ''}`;
}

/** The key without regard to the case of letters. */
export const looseKey = (sub: Subscription): string => subscriptionKey(sub).toLowerCase();

/** The same subscription with exactly the fields its topic needs; null when one of them is missing. */
export function normaliseSubscription(sub: {
  topic: string;
  symbol?: string | null | undefined;
  timeframe?: string | null | undefined;
}): Subscription | null {
  const { topic, symbol, timeframe } = sub;
  if (!isTopic(topic)) return null;
  if (topic !== 'prices' && topic !== 'bars') return { topic };
  if (!symbol) return null;
  if (topic === 'prices') return { topic, symbol };
  return timeframe ? { topic, symbol, timeframe } : null;
}

/** @throws FXSOCKET_BAD_ARGUMENT */
export function checkedSubscription(sub: WantedSubscription): Subscription {
  const normal = normaliseSubscription(sub);
  if (normal === null) throw badArgument(`the topic ${sub.topic} needs a symbol or a timeframe`);
  if (sub.topic === 'bars' && !timeframes.includes(sub.timeframe))
    throw badArgument(`timeframe: ${String(sub.timeframe)} does not exist`);
  return normal;
}

/** The request frame for a subscription. */
export function requestText(action: 'subscribe' | 'unsubscribe', sub: Subscription): string {
  const { topic, symbol, timeframe } = sub;
  return JSON.stringify({ action, topic, symbol, timeframe });
}

/** The request frame that asks what is really subscribed. */
export const LIST_REQUEST = '{"action":"list"}';
