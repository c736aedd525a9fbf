// The two clocks of the recorder as branded numbers, and the gateway's time strings. Broker time is the wall clock of the broker's server in
// milliseconds, as if it were UTC. Only `clock-rule` converts between the two clocks.

import { MINUTE_MS, HOUR_MS } from './units.ts';

/** Wall clock of the broker's server, in milliseconds since 1970-01-01T00:00 of that same wall clock. */
export type BrokerMs = number & { readonly __clock: 'broker' };
/** True UTC in milliseconds since 1970. */
export type UtcMs = number & { readonly __clock: 'utc' };

export const brokerMs = (ms: number): BrokerMs => ms as BrokerMs;
export const utcMs = (ms: number): UtcMs => ms as UtcMs;

/** A parsed time string. `resolutionMs`: 1 if it has milliseconds, else 1000. */
export interface BrokerTime {
  readonly ms: BrokerMs;
  readonly resolutionMs: number;
}

let cachedDay = '';
let cachedDayMs = 0;
/** `YYYY-MM-DDTHH:MM:` of the last time read, and its milliseconds: a stream has thousands of times within one minute. */
let cachedMinute = '?';
let cachedMinuteMs = 0;

/** The last text read, and its time: many ticks of a burst share one millisecond. */
let lastText = '';
let lastTime: BrokerTime | null = null;

const two = (text: string, at: number): number => {
  const high = text.charCodeAt(at) - 48;
  const low = text.charCodeAt(at + 1) - 48;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN;
};

/** Milliseconds of a `YYYY-MM-DD` prefix; NaN if it is not a calendar day. */
const dayMs = (text: string): number => {
  const day = text.slice(0, 10);
  if (day === cachedDay) return cachedDayMs;
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const date = two(text, 8);
  const ms = Date.UTC(year, month - 1, date);
  const back = new Date(ms);
  if (back.getUTCFullYear() !== year || back.getUTCMonth() !== month - 1 || back.getUTCDate() !== date) {
    return Number.NaN;
  }
  cachedDay = day;
  cachedDayMs = ms;
  return ms;
};

/** Fraction digits after the dot at `at`, as whole milliseconds, and where they end. */
const fractionMs = (text: string, at: number): { ms: number; end: number } | null => {
  let ms = 0;
  let scale = 100;
  let end = at + 1;
  for (; end < text.length; end++) {
    const digit = text.charCodeAt(end) - 48;
    if (digit < 0 || digit > 9) break;
    ms += digit * scale;
    scale = scale > 1 ? scale / 10 : 0;
  }
  return end === at + 1 ? null : { ms, end };
};

/** Milliseconds of `SS.mmmZ` at the end of a text of 24 characters, NaN for any other spelling. */
const plainSecondMs = (text: string): number => {
  if (text.charCodeAt(19) !== 46 || text.charCodeAt(23) !== 90) return Number.NaN;
  const hundreds = text.charCodeAt(20) - 48;
  const second = two(text, 17);
  const rest = two(text, 21);
  return second < 60 && hundreds >= 0 && hundreds <= 9 ? second * 1000 + hundreds * 100 + rest : Number.NaN;
};

/**
 * Reads `2026-06-11T08:55:56.728Z`. Milliseconds and the meaningless `Z` are optional, and a space may replace the `T`. Digits beyond
 * milliseconds are cut. Returns null for anything else, including explicit zone offsets: broker time has none.
 */
export const parseBrokerTime = (text: string): BrokerTime | null => {
  if (text === lastText) return lastTime;
  lastTime = readPlainTime(text);
  lastText = text;
  return lastTime;
};

const readPlainTime = (text: string): BrokerTime | null => {
  if (text.length === 24 && text.startsWith(cachedMinute)) {
    const within = plainSecondMs(text);
    if (!Number.isNaN(within)) return { ms: (cachedMinuteMs + within) as BrokerMs, resolutionMs: 1 };
  }
  return readBrokerTime(text);
};

const readBrokerTime = (text: string): BrokerTime | null => {
  if (text.length < 19) return null;
  const separator = text.charCodeAt(10);
  if ((separator !== 84 && separator !== 32) || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58)
    return null;
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  if (!(hour < 24 && minute < 60 && second < 60)) return null;
  let ms = dayMs(text) + hour * HOUR_MS + minute * MINUTE_MS + second * 1000;
  let end = 19;
  let resolutionMs = 1000;
  if (text.charCodeAt(19) === 46) {
    const fraction = fractionMs(text, 19);
    if (fraction === null) return null;
    ms += fraction.ms;
    end = fraction.end;
    resolutionMs = 1;
  }
  if (text.charCodeAt(end) === 90) end++;
  if (end !== text.length || Number.isNaN(ms)) return null;
  if (end === 24) {
    cachedMinute = text.slice(0, 17);
    cachedMinuteMs = ms - (ms % MINUTE_MS) + (ms % MINUTE_MS < 0 ? -MINUTE_MS : 0);
  }
  return { ms: ms as BrokerMs, resolutionMs };
};

/** Spells a broker time as the gateway does, with milliseconds and the meaningless `Z`. */
export const formatBrokerTime = (ms: BrokerMs): string => new Date(ms).toISOString();

/** Earlier times in the stream stand for an unknown time. Broker or UTC milliseconds. */
export const EARLIEST_STREAMED_MS = Date.UTC(2000, 0, 1);
const LATEST_STREAMED_MS = Date.UTC(2200, 0, 1);

/** True for broker or UTC milliseconds that a streamed row can have and a table can hold. */
export const isStreamed = (ms: number): boolean => ms >= EARLIEST_STREAMED_MS && ms < LATEST_STREAMED_MS;
