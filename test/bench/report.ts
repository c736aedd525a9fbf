// What a benchmark prints: one table per question, medians of several runs, and the state of the machine beside them. In: figures. Out:
// lines on stdout. Nothing here judges a figure: it is for people to read, side by side with its alternative.
import { cpus, loadavg } from 'node:os';

export type Cell = string | number | null;

/** The middle value; of an even count the mean of the two in the middle. NaN when there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which a share `p` of all values lies (nearest rank). NaN when there is none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** `1,234,567`, or with fraction digits for small numbers. */
export function figure(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `median (least … most)`. */
export function spread(values: readonly number[], digits = 0): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${figure(median(values), digits)} (${figure(least, digits)} … ${figure(most, digits)})`;
}

export function title(text: string): void {
  const load = loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
  const [cpu] = cpus();
  process.stdout.write(
    `\n== ${text}\n   ${new Date().toISOString()}, load ${load}, ${cpus().length} × ${cpu?.model ?? 'unknown'}, node ${process.version}\n`,
  );
}

export function note(text: string): void {
  process.stdout.write(`   ${text}\n`);
}

/** Columns as wide as their widest cell; numbers are written with thousands separators. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const text = [head, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? figure(cell) : (cell ?? '-'))),
  );
  const widths = head.map((_, column) => Math.max(...text.map((row) => row[column]?.length ?? 0)));
  for (const [index, row] of text.entries()) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    process.stdout.write(`   ${cells.join('  ')}\n`);
    if (index === 0) process.stdout.write(`   ${widths.map((width) => '-'.repeat(width)).join('  ')}\n`);
  }
}
