// UTC days, months and years of a dataset. In and out: microseconds UTC, and the texts in folder names and manifests.

export const DAY_US = 86_400_000_000;

/** Midnight UTC at or before a time. */
export const dayOf = (us: number): number => Math.floor(us / DAY_US) * DAY_US;

/** `2026-01-05`. */
export const dayText = (us: number): string => new Date(us / 1000).toISOString().slice(0, 10);

/** `2026-01` or `2026`: the month or year of a time. */
export const periodText = (us: number, period: 'month' | 'year'): string =>
  new Date(us / 1000).toISOString().slice(0, period === 'month' ? 7 : 4);

/** Start of the next month or year after a time. */
export function periodEnd(us: number, period: 'month' | 'year'): number {
  const at = new Date(us / 1000);
  const year = at.getUTCFullYear();
  return 1000 * (period === 'month' ? Date.UTC(year, at.getUTCMonth() + 1) : Date.UTC(year + 1, 0));
}

/** `2026-01-05T12:00:00.123456Z`. */
export function isoOf(us: number): string {
  const whole = Math.floor(us / 1_000_000);
  const fraction = String(us - whole * 1_000_000).padStart(6, '0');
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** The reverse of `isoOf`, exact to the microsecond. */
export function usOf(iso: string): number {
  const [seconds = '', fraction = '0'] = iso.replace('Z', '').split('.');
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
}
