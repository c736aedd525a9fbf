// A table for people. In: column heads and rows of text. Out: lines, two spaces between the columns, no trailing spaces. A head that starts
// with ">" aligns its column to the right, for numbers.

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const right = heads.map((head) => head.startsWith('>'));
  const titles = heads.map((head) => head.replace(/^>/, ''));
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [titles, ...rows].map(line);
}
