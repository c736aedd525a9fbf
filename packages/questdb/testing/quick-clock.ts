// A clock for tests whose timers run fifty times as fast as they say.
import { type Clock, systemClock } from '@fxtape/ops';

export function quickClock(): Clock {
  const clock = systemClock();
  return { ...clock, setTimeout: (fn, ms) => clock.setTimeout(fn, ms / 50) };
}
