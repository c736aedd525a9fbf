// A simulated market that moves now, whatever the day: 28 currency pairs. On a weekend it plays last Wednesday, and the recorder is told
// so (`clock: { rule: …, replayed: true }`), because currencies rest then.
import { SYMBOL_NAMES } from './frames.ts';

const FRIDAY_CLOSE = 21;
const SUNDAY_OPEN = 23;

const rests = (now: Date): boolean => {
  const [day, hour] = [now.getUTCDay(), now.getUTCHours()];
  return day === 6 || (day === 5 && hour >= FRIDAY_CLOSE) || (day === 0 && hour < SUNDAY_OPEN);
};

export const marketNow = (ticksPerSecond: number, more: object = {}) => {
  const now = new Date();
  const resting = rests(now);
  const back = (now.getUTCDay() + 4) % 7;
  const startUtc = new Date(now.getTime() - back * 86_400_000).toISOString();
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
    resting,
  };
};
