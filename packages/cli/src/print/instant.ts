// Times as the command prints and accepts them. In and out: microseconds UTC and ISO 8601. A time typed without a zone is UTC; a duration
// means that long ago.
import { durationMs } from '@fxtape/config';
import { askableUs, usOfIso } from '@fxtape/console';

/** `2026-11-23T08:00:00.123Z`: bounds of gaps are known to the millisecond. */
export function isoMs(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}

/** Reads `2026-11-23`, `2026-11-23T08:00`, `2026-11-23T08:00:00.5+02:00`, `12h`; null: none of these, or before 1970 or after 2199. */
export function readInstant(text: string, nowMs: number): number | null {
  const agoMs = durationMs(text);
  return agoMs === null ? usOfIso(text) : askableUs((nowMs - agoMs) * 1000);
}
