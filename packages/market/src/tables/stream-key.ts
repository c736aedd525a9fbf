// Names of recorded streams: what kind, of which symbol, in which timeframe; and how they stand to the socket's topics.

import { KINDS, STREAM_OF_TOPIC, type StreamKind, STREAMS } from './kinds.ts';

export interface StreamKey {
  readonly stream: StreamKind;
  readonly symbol: string | null;
  readonly timeframe: string | null;
}

export interface TopicKey {
  readonly topic: string;
  readonly symbol?: string | undefined;
  readonly timeframe?: string | undefined;
}

/** One text per stream; the separator cannot occur in a stream's or timeframe's name. */
export const streamId = (key: StreamKey): string =>
  `${key.stream}|${key.timeframe ?? ''}|${key.symbol ?? ''}`;

/** The stream that a socket topic feeds; null for the heartbeat and for topics nobody listed. */
export const streamOfTopic = (topic: TopicKey): StreamKey | null => {
  const stream = STREAM_OF_TOPIC.get(topic.topic);
  if (stream === undefined) return null;
  return { stream, symbol: topic.symbol ?? null, timeframe: topic.timeframe ?? null };
};

export const topicOfStream = (key: StreamKey): TopicKey => ({
  topic: KINDS[key.stream].topic,
  ...(key.symbol === null ? {} : { symbol: key.symbol }),
  ...(key.timeframe === null ? {} : { timeframe: key.timeframe }),
});

/** The streams of one symbol of a feed. */
export const streamsOfSymbol = (symbol: string, timeframes: readonly string[]): StreamKey[] =>
  STREAMS.flatMap((stream): StreamKey[] => {
    const { per } = KINDS[stream];
    if (per === 'timeframe') return timeframes.map((timeframe) => ({ stream, symbol, timeframe }));
    return per === 'symbol' ? [{ stream, symbol, timeframe: null }] : [];
  });

/** `EURUSD ticks`, `EURUSD bars M1`, `deals`: how a stream is called in sentences and tables. */
export const streamName = (key: {
  readonly stream: string;
  readonly symbol: string | null;
  readonly timeframe: string | null;
}): string => [key.symbol, key.stream, key.timeframe].filter((part) => part !== null).join(' ');
