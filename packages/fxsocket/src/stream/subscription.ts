// A subscription: a topic with the symbol and timeframe it needs. In: what a caller or the gateway names. Out: the normalised subscription, keys
// to compare it by, and the text of its requests.

import { type NeedOf, type Topic, topicShapes } from '../api/topics.ts';
import { badArgument } from '../options.ts';
import { timeframes, type WireTimeframe } from '../wire/market.ts';

export interface Subscription {
  topic: Topic;
  symbol?: string;
  timeframe?: string;
}

/** A subscription that a caller may ask for, typed by topic. */
export type WantedSubscription = {
  [T in Topic]: { readonly topic: T } & {
    readonly [N in NeedOf<T>]: N extends 'timeframe' ? WireTimeframe : string;
  };
}[Topic];

const isTopic = (word: string): word is Topic => Object.hasOwn(topicShapes, word);

/** Two subscriptions with the same key are the same one. */
export function subscriptionKey(sub: Subscription): string {
  return `${sub.topic}\n${sub.symbol ?? ''}\n${sub.timeframe ?? ''}`;
}

/** The key in lower case. */
export const looseKey = (sub: Subscription): string => subscriptionKey(sub).toLowerCase();

/** The key of a data frame; for a tick the symbol alone, so that no text has to be built. */
export const frameKey = (frame: { type: string; symbol?: string; timeframe?: string }): string =>
  frame.type === 'tick'
    ? (frame.symbol ?? '')
    : `${frame.type}\n${frame.symbol ?? ''}\n${frame.timeframe ?? ''}`;

/** The key of the frames that a subscription delivers. */
export const frameKeyOf = ({ topic, ...names }: Subscription): string =>
  frameKey({ type: topicShapes[topic].frame, ...names });

/** The subscription with exactly the fields that its topic needs; null when one is missing or the topic is unknown. */
export function normaliseSubscription(sub: {
  topic: string;
  symbol?: string | null | undefined;
  timeframe?: string | null | undefined;
}): Subscription | null {
  const { topic } = sub;
  if (!isTopic(topic)) return null;
  const normal: Subscription = { topic };
  for (const need of topicShapes[topic].needs) {
    const name = sub[need];
    if (!name) return null;
    normal[need] = name;
  }
  return normal;
}

/** @throws FXSOCKET_BAD_ARGUMENT */
export function checkedSubscription(sub: WantedSubscription): Subscription {
  const normal = normaliseSubscription(sub);
  if (normal === null) throw badArgument(`the topic ${sub.topic} needs a symbol or a timeframe`);
  const { timeframe } = normal;
  if (timeframe !== undefined && !timeframes.some((one) => one === timeframe))
    throw badArgument(`timeframe: ${timeframe} does not exist`);
  return normal;
}

/** The request frame for a subscription. */
export function requestText(action: 'subscribe' | 'unsubscribe', sub: Subscription): string {
  const { topic, symbol, timeframe } = sub;
  return JSON.stringify({ action, topic, symbol, timeframe });
}

/** The request frame that asks for the server's list of subscriptions. */
export const LIST_REQUEST = '{"action":"list"}';
