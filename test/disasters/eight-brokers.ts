// The brokers of the lanes about clocks: each keeps a clock of its own. What the last one lists is up to the lane.

/** In mid-2025, between two switches, it went from one clock to the other. */
export const MOVED = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';

export const EIGHT_BROKERS = [
  ['new-york', 'America/New_York+7h'],
  ['athens', 'Europe/Athens'],
  ['london', 'Europe/London'],
  ['utc', 'UTC'],
  ['plus-two', 'UTC+2h'],
  ['plus-three', 'UTC+3h'],
  ['moved', MOVED],
  ['weekends', 'America/New_York+7h'],
] as const;

/** UUID of the account at the nth broker. */
export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
