// Suggests names for a mistyped one. In: the text, and the names that exist. Out: the nearest names.

/** Null when there are no names. */
export function nearest(name: string, known: readonly string[]): string | null {
  return nearestOf(name, known, 1)[0] ?? null;
}

/** The nearest first, `most` at most. */
export function nearestOf(name: string, known: readonly string[], most: number): string[] {
  const ranked = known.map((each) => ({ each, far: distance(name.toLowerCase(), each.toLowerCase()) }));
  return ranked
    .toSorted((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ each }) => each);
}

/** Letters at the end count little: brokers append suffixes to well-known names. */
function distance(a: string, b: string): number {
  const isPart = a.startsWith(b) || b.startsWith(a);
  return isPart ? Math.abs(a.length - b.length) / 10 : edits(a, b);
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbour. */
function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      rows[i]?.push(swapped ? Math.min(least, at(i - 2, j - 2) + 1) : least);
    }
  }
  return at(a.length, b.length);
}
