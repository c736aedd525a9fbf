// Looks at a recorded frame: which topic it belongs to. In: the text. Out: its topic, with the number of its symbol; ticks are told apart
// without parsing them, because they are nearly all frames.

import { type Topic, topicShapes } from '@fxtape/fxsocket';
import { isTimeframe, type Timeframe } from '../history/timeframe.ts';

export interface Sight {
  /** Null: of no topic, so that every client gets it, as with a warning or junk. */
  topic: Topic | null;
  /** Number of the symbol; −1: none, or one that nobody can subscribe to. */
  symbol: number;
  timeframe: Timeframe | null;
}

const TOPIC_OF_FRAME = new Map<string, Topic>(
  (Object.keys(topicShapes) as Topic[]).map((topic) => [topicShapes[topic].frame, topic]),
);
const TICK = '{"type":"tick","symbol":"';
const BACKSLASH = 92;
/** Answers to what the recorder asked on its own socket; a replay answers its own client. */
const ANSWERS = new Set(['subscribed', 'unsubscribed', 'subscriptions', 'error']);

export class FrameSight {
  readonly #indexOf: (symbol: string) => number;
  readonly #seen: Sight = { topic: null, symbol: -1, timeframe: null };

  constructor(indexOf: (symbol: string) => number) {
    this.#indexOf = indexOf;
  }

  /** Valid until the next look. Null: an answer to a request of the recorder. */
  look(frame: string): Sight | null {
    const seen = this.#seen;
    if (frame.startsWith(TICK)) {
      const end = frame.indexOf('"', TICK.length);
      if (end > 0 && frame.charCodeAt(end - 1) !== BACKSLASH) {
        seen.topic = 'prices';
        seen.symbol = this.#indexOf(frame.slice(TICK.length, end));
        return seen;
      }
    }
    return this.#parse(frame);
  }

  #parse(frame: string): Sight | null {
    const seen = this.#seen;
    seen.topic = null;
    seen.symbol = -1;
    seen.timeframe = null;
    const read = fieldsOf(frame);
    if (read === null || typeof read['type'] !== 'string') return seen;
    if (ANSWERS.has(read['type'])) return null;
    seen.topic = TOPIC_OF_FRAME.get(read['type']) ?? null;
    if (typeof read['symbol'] === 'string') seen.symbol = this.#indexOf(read['symbol']);
    const { timeframe } = read;
    if (typeof timeframe === 'string' && isTimeframe(timeframe)) seen.timeframe = timeframe;
    return seen;
  }
}

/** The fields of a JSON object; null for any other text. */
export function fieldsOf(frame: string): Record<string, unknown> | null {
  try {
    const read: unknown = JSON.parse(frame);
    return typeof read === 'object' && read !== null && !Array.isArray(read)
      ? (read as Record<string, unknown>)
      : null;
  } catch {
    return null; // what is no JSON was received as junk, and is sent as junk
  }
}
