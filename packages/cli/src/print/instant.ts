// Times as the command prints and accepts them. In and out: microseconds UTC and ISO 8601. A time typed without a zone is UTC; a duration
// means that long ago.
import { durationMs } from '@fxtape/config';
import { askableUs, usOfIso } from '@fxtape/console';
import { InvalidArgumentError } from 'commander';

/** `2026-11-23T08:00:00.123Z`: milliseconds, which is what bounds of gaps are known to. */
export function isoMs(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}

/** Reads `2026-11-23`, `2026-11-23T08:00`, `2026-11-23T08:00:00.5+02:00`, `12h`. @throws InvalidArgumentError (a usage error). */
export function readInstant(text: string, nowMs: number): number {
  const agoMs = durationMs(text);
  const us = agoMs === null ? usOfIso(text) : askableUs((nowMs - agoMs) * 1000);
  if (us !== null) return us;
  throw new InvalidArgumentError(
    'It must be a date or an ISO 8601 time (UTC) from 1970 up to 2200, or a duration such as 12h.',
  );
}
