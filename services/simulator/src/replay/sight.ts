// Finds the topic of a recorded frame. In: its text. Out: the topic, with the index of the symbol. Ticks are recognised without parsing
// them, because nearly all frames are ticks.

import { type Topic, topicShapes } from '@fxtape/fxsocket';
import { isTimeframe, type Timeframe } from '../history/timeframe.ts';

export interface Sight {
  /** Null: the frame has no topic, like a warning or junk, so that every client gets it. */
  topic: Topic | null;
  /** Index of the symbol; −1: none, or one whose ticks were not recorded. */
  symbol: number;
  timeframe: Timeframe | null;
}

const TOPIC_OF_FRAME = new Map<string, Topic>(
  (Object.keys(topicShapes) as Topic[]).map((topic) => [topicShapes[topic].frame, topic]),
);
const TICK = '{"type":"tick","symbol":"';
/** Answers to the recorder's own requests; a replay answers its own client. */
const ANSWERS = new Set(['subscribed', 'unsubscribed', 'subscriptions', 'error']);

export class FrameSight {
  readonly #indexOf: (symbol: string) => number;
  readonly #seen: Sight = { topic: null, symbol: -1, timeframe: null };

  constructor(indexOf: (symbol: string) => number) {
    this.#indexOf = indexOf;
  }

  /** The result is valid until the next call. Null: an answer to a request of the recorder. */
  look(frame: string): Sight | null {
    const seen = this.#seen;
    if (frame.startsWith(TICK)) {
      const end = frame.indexOf('"', TICK.length);
      const symbol = frame.slice(TICK.length, end);
      // An escape may stand anywhere in a name.
      if (end > 0 && !symbol.includes('\\')) {
        seen.topic = 'prices';
        seen.symbol = this.#indexOf(symbol);
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
    return null; // received as junk, and sent as junk
  }
}
