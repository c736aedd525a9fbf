// Reads the `Retry-After` header. In: its text (seconds, or an HTTP date) and the wall clock. Out: milliseconds.

/** Milliseconds to wait, never negative; null when the header is absent or unreadable. */
export function retryAfterMs(header: string | string[] | undefined, wallMs: number): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - wallMs);
}
