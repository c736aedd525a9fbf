// Times as the command prints and takes them. In and out: microseconds UTC and ISO 8601. What people type may leave the zone away, which
// is UTC then, or be a duration: that long ago.
import { durationMs } from '@fxtape/config';
import { InvalidArgumentError } from 'commander';

const ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** `2026-11-23T08:00:00.123Z`: milliseconds, which is what bounds of gaps are known to. */
export function isoMs(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}

/** Reads `2026-11-23`, `2026-11-23T08:00`, `2026-11-23T08:00:00.5+02:00`, `12h`. @throws InvalidArgumentError (a usage error). */
export function readInstant(text: string, nowMs: number): number {
  const agoMs = durationMs(text);
  if (agoMs !== null) return Math.round((nowMs - agoMs) * 1000);
  const zoned = /(Z|[+-]\d{2}:\d{2})$/.test(text) || text.length === 10 ? text : `${text}Z`;
  const ms = ISO.test(text) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isFinite(ms)) return ms * 1000;
  throw new InvalidArgumentError('It must be a date or an ISO 8601 time (UTC), or a duration such as 12h.');
}
