// Parses a bound of the history routes. In: the query's text, as broker time. Out: broker milliseconds. A plain date is its midnight; a trailing `Z`
// is ignored, and digits beyond milliseconds are dropped.

const FORM = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?Z?$/;

/** Null for a text that is not a broker time. */
export function parseBrokerQuery(text: string): number | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const part = (i: number): number => Number(match[i] ?? 0);
  const ms = Date.UTC(
    part(1),
    part(2) - 1,
    part(3),
    part(4),
    part(5),
    part(6),
    Number((match[7] ?? '').slice(0, 3).padEnd(3, '0')),
  );
  const back = new Date(ms);
  const real =
    back.getUTCMonth() === part(2) - 1 && back.getUTCDate() === part(3) && part(4) < 24 && part(5) < 60;
  return real ? ms : null;
}
