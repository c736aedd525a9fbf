// What one line of the tape shows about the clock rule of its stretch. In: a line, its frame, the rule, and when it was received. Out: a
// word, or null where there is no broker time, or none to compare: the clock stands still, or the receive time is made up. Right after a jump
// of our own clock only agreement counts, because a contradiction may be our clock's fault.

import { isAfterJump, isMistimed, kindOfMark, foldOfMark, shownOfMark } from './mark.ts';
import { statedTime } from './stated-time.ts';
import { type BrokerMs, type BrokerTime, EARLIEST_STREAMED_MS } from '../time/time.ts';
import { KINDS, STREAM_OF_FRAME } from '../tables/kinds.ts';
import type { WireMessage } from '../tables/wire.ts';
import type { ClockRule } from '../time/clock-rule.ts';

/**
 * `agrees`, `contradicts`: a heartbeat of a clock that runs; `doubts`: one that no queue makes so old, of a clock that was set back or of a
 * recorder that stood still. Of live ticks: `near`, or `old` or `ahead` by the guard's width or more; one
 * from before 2000 is `ahead` as well: both have no known time. `stray`: a snapshot that is ahead. `leans`: what stands on the rule alone.
 */
export type ClockWord = 'agrees' | 'contradicts' | 'doubts' | 'near' | 'old' | 'ahead' | 'stray' | 'leans';

export interface ClockSight {
  readonly word: ClockWord;
  /** Null for what leans on the rule. */
  readonly time: BrokerTime | null;
  readonly receivedUs: number;
  /** Of a tick. */
  readonly symbol: string | null;
}

/** A clock this far from its receive time is not what the rule says, and a tick is not of now, in microseconds. */
export const GUARD_US = 20 * 60_000_000;

/** True when an instant lies within the guard of a time of receipt. */
export const isNear = (utcMs: number, receivedUs: number): boolean =>
  Math.abs(utcMs * 1000 - receivedUs) < GUARD_US;

const utcOf = (ms: BrokerMs, rule: ClockRule, mark: string | null, receivedUs: number): number => {
  const fold = foldOfMark(mark);
  return rule.read(ms, fold === null ? { recvMs: receivedUs / 1000 } : { fold }).ms;
};

interface SeenLine {
  readonly tsRecv: number;
  readonly mark: string | null;
}

/** `receivedUs`: when the line was received, as it is known by now. */
export const sightOf = (
  line: SeenLine,
  message: WireMessage,
  rule: ClockRule,
  receivedUs: number,
): ClockSight | null => {
  const { mark } = line;
  if (message.type === 'terminal') return sightOfHeartbeat(line, message, rule, receivedUs);
  if (isMistimed(mark)) return isAfterJump(mark) && standsOnRule(message, mark) ? leans(receivedUs) : null;
  if (message.type !== 'tick') return standsOnRule(message, mark) ? leans(receivedUs) : null;
  const kind = kindOfMark(mark);
  const time = kind === 'live' || kind === 'snapshot' ? statedTime(message) : null;
  if (time === null) return null;
  const utcMs = utcOf(time.ms, rule, mark, receivedUs);
  return { word: wordOfTick(utcMs, receivedUs, kind === 'live'), time, receivedUs, symbol: message.symbol };
};

const leans = (receivedUs: number): ClockSight => ({ word: 'leans', time: null, receivedUs, symbol: null });

/** Its rows have the rule alone for their time. */
const standsOnRule = ({ type }: WireMessage, mark: string | null): boolean => {
  if (type === 'tick') return kindOfMark(mark) !== 'repeat';
  const stream = STREAM_OF_FRAME.get(type);
  return stream !== undefined && KINDS[stream].clock !== null;
};

const sightOfHeartbeat = (
  { mark, tsRecv }: SeenLine,
  message: WireMessage,
  rule: ClockRule,
  receivedUs: number,
): ClockSight | null => {
  const kind = kindOfMark(mark);
  const time = kind === 'clean' || kind === 'late' ? statedTime(message) : null;
  const shownUs = shownOfMark(mark, tsRecv);
  if (time === null || shownUs === null) return null;
  const us = shownUs + receivedUs - tsRecv;
  const word = wordOfHeartbeat(utcOf(time.ms, rule, mark, us), us, kind === 'clean');
  if (word === null || (word !== 'agrees' && isMistimed(mark))) return null;
  return { word, time, receivedUs: us, symbol: null };
};

const wordOfHeartbeat = (utcMs: number, receivedUs: number, isClean: boolean): ClockWord | null => {
  if (isNear(utcMs, receivedUs)) return isClean ? 'agrees' : null;
  if (isClean) return 'contradicts';
  return utcMs * 1000 < receivedUs ? 'doubts' : null;
};

const wordOfTick = (utcMs: number, receivedUs: number, isLive: boolean): ClockWord => {
  const hasTime = utcMs >= EARLIEST_STREAMED_MS && utcMs * 1000 - receivedUs < GUARD_US;
  if (!isLive) return hasTime ? 'leans' : 'stray';
  if (!hasTime) return 'ahead';
  return isNear(utcMs, receivedUs) ? 'near' : 'old';
};
