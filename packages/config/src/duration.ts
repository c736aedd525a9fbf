// Durations as people write them in fxtape.yaml. In: `90s`, `5m`, `12h`, `30d`, `2w`. Out: milliseconds, and back in the largest
// unit that fits without a rest.

const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

export const DURATION = /^[1-9]\d{0,5}[smhdw]$/;

/** Milliseconds of a text that {@link DURATION} accepts; null for any other. */
export function durationMs(text: string): number | null {
  if (!DURATION.test(text)) return null;
  const unit = UNITS.find(([letter]) => text.endsWith(letter));
  return unit === undefined ? null : Number(text.slice(0, -1)) * unit[1];
}

/** The shortest spelling of whole seconds given in milliseconds. */
export function formatDuration(ms: number): string {
  const unit = UNITS.find(([, unitMs]) => ms % unitMs === 0) ?? (['s', 1000] as const);
  return `${Math.round(ms / unit[1])}${unit[0]}`;
}
