// A simulated market of 28 currency pairs that is open on any day. At the weekend it replays last Wednesday, and the recorder's configuration
// says so (`clock: { rule: …, replayed: true }`).
import { SYMBOL_NAMES } from './frames.ts';

const FRIDAY_CLOSE = 21;
const SUNDAY_OPEN = 23;

const rests = (now: Date): boolean => {
  const [day, hour] = [now.getUTCDay(), now.getUTCHours()];
  return day === 6 || (day === 5 && hour >= FRIDAY_CLOSE) || (day === 0 && hour < SUNDAY_OPEN);
};

export const marketNow = (ticksPerSecond: number, more: object = {}, now = new Date()) => {
  const resting = rests(now);
  const behindMs = resting ? ((now.getUTCDay() + 4) % 7) * 86_400_000 : 0;
  const startUtc = new Date(now.getTime() - behindMs).toISOString();
  const source = {
    kind: 'market',
    ticksPerSecond,
    symbols: SYMBOL_NAMES,
    ...(resting ? { startUtc } : {}),
  };
  return {
    scenario: { source, queueFrames: null, ledger: 'counts', ...more },
    clock: resting ? '{ rule: "America/New_York+7h", replayed: true }' : 'auto',
    symbols: SYMBOL_NAMES,
    /** How far the market's clock is behind; 0 unless it replays an old day. */
    behindMs,
  };
};
