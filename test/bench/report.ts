// Prints the results of a benchmark: a title with the state of the machine, tables, notes. In: figures. Out: lines on stdout. It judges nothing.
import { cpus, loadavg } from 'node:os';

export type Cell = string | number | null;

/** NaN when there is no value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The nearest-rank percentile, `p` in [0, 1]. NaN when there is no value. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** `1,234,567`, with `digits` decimals; `-` for NaN. */
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
