// The broker time that a frame states. In: a decoded frame. Out: its time, parsed once: the result stays with the frame, in memory only,
// so that marker, guard, ledger and rows all read the same one.

import { type BrokerTime, isStreamed, parseBrokerTime } from '../time/time.ts';
import type { WireMessage } from '../tables/wire.ts';

const TIME = Symbol('broker time');
type Timed = WireMessage & { [TIME]?: BrokerTime | null };

/** Null where the frame states no time or none that can be read. Positions state one for each element, and none of their own. */
export const statedTime = (message: WireMessage): BrokerTime | null => {
  const timed: Timed = message;
  const known = timed[TIME];
  if (known !== undefined) return known;
  const text = textOf(message);
  const time = typeof text === 'string' ? parseBrokerTime(text) : null;
  timed[TIME] = time;
  return time;
};

/** The same; null also where no table can hold it or nobody can mean it. */
export const streamedTime = (message: WireMessage): BrokerTime | null => {
  const time = statedTime(message);
  return time !== null && isStreamed(time.ms) ? time : null;
};

const textOf = (message: WireMessage): string | null | undefined => {
  if (message.type === 'terminal') return message.data.serverTime;
  return 'data' in message && 'time' in message.data ? message.data.time : null;
};
