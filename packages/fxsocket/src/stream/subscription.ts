// What can be asked of a stream, and the words that ask for it. In: a topic with its symbol and timeframe. Out: the
// request text as the gateway expects it (no keys that are not needed) and a key to compare subscriptions by.

export const topics = ['terminal', 'account', 'positions', 'trades', 'prices', 'bars'] as const;

/** In the order in which they are requested: the heartbeat first, market data last. */
export type Topic = (typeof topics)[number];

export interface Subscription {
  topic: Topic;
  symbol?: string;
  timeframe?: string;
}

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

/** The request frame for a subscription. */
export function requestText(action: 'subscribe' | 'unsubscribe', sub: Subscription): string {
  const { topic, symbol, timeframe } = sub;
  return JSON.stringify({ action, topic, symbol, timeframe });
}

/** The request frame that asks what is really subscribed. */
export const LIST_REQUEST = '{"action":"list"}';
