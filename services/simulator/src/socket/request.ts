// Parses a client's request on the socket. In: the text of a frame. Out: subscribe, unsubscribe, list, or the message of an `error` frame. Keys that the
// topic does not need are ignored.

import { type Topic, type TopicShape, topicShapes } from '@fxtape/fxsocket';
import { isTimeframe, type Timeframe } from '../history/timeframe.ts';

export interface Subscription {
  readonly topic: Topic;
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
}

export type SocketRequest =
  | { readonly action: 'subscribe' | 'unsubscribe'; readonly subscription: Subscription }
  | { readonly action: 'list' }
  | { readonly action: 'invalid'; readonly topic: string | null; readonly message: string };

const isTopic = (text: unknown): text is Topic =>
  typeof text === 'string' && Object.hasOwn(topicShapes, text);

const invalid = (topic: unknown, message: string): SocketRequest => ({
  action: 'invalid',
  topic: typeof topic === 'string' ? topic : null,
  message,
});

export function parseRequest(text: string): SocketRequest {
  let request: Record<string, unknown>;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return invalid(null, 'a request is a JSON object');
    request = parsed as Record<string, unknown>;
  } catch (error) {
    return invalid(null, `invalid JSON: ${(error as Error).message}`);
  }
  const { action, topic, symbol, timeframe } = request;
  if (action === 'list') return { action };
  if (action !== 'subscribe' && action !== 'unsubscribe') return invalid(topic, 'unknown action');
  if (!isTopic(topic)) return invalid(topic, 'unknown topic');
  const { needs }: TopicShape = topicShapes[topic];
  if (!needs.includes('symbol')) return { action, subscription: { topic } };
  if (typeof symbol !== 'string' || symbol === '') return invalid(topic, 'symbol is required');
  if (!needs.includes('timeframe')) return { action, subscription: { topic, symbol } };
  if (typeof timeframe !== 'string' || !isTimeframe(timeframe)) return invalid(topic, 'invalid timeframe');
  return { action, subscription: { topic, symbol, timeframe } };
}
