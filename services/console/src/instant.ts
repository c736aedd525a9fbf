// Times on the wire of the API and of the command. In and out: integer microseconds UTC, and ISO 8601. Written with all six digits,
// `2026-11-23T08:00:00.000000Z`; read as a date or a time, without a zone as UTC.

const ISO = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?$/;
/** Beyond it microseconds are no whole numbers any more, and nothing was recorded or will be for long. */
const LAST_US = Date.UTC(2200, 0) * 1000;

export function isoOfUs(us: number): string {
  const ms = Math.floor(us / 1000);
  const below = String(us - ms * 1000).padStart(3, '0');
  return new Date(ms).toISOString().replace('Z', `${below}Z`);
}

/** Null: no time, or none from 1970 up to 2200. */
export function usOfIso(text: string): number | null {
  const zoned = /(Z|[+-]\d{2}:\d{2})$/.test(text) || text.length === 10 ? text : `${text}Z`;
  return ISO.test(text) ? askableUs(Date.parse(zoned.replace(' ', 'T')) * 1000) : null;
}

/** A time in microseconds, or null when nobody can ask for it. */
export const askableUs = (us: number): number | null => (us >= 0 && us < LAST_US ? Math.round(us) : null);
