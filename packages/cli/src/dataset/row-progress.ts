// The progress of a long read. A terminal gets one line that is redrawn; a file or a pipe gets a line every five seconds. In: rows done,
// and rows in total. Out: text on stderr.
import { ProgressMeter, progressLine } from '../backfill/progress.ts';
import { err } from '../print/out.ts';

const PLAIN_EVERY_MS = 5000;

export function rowProgress(
  quiet: boolean,
): (at: { readonly rows: number; readonly ofRows: number }) => void {
  let meter: ProgressMeter | null = null;
  let plainMs = performance.now();
  return ({ ofRows, rows }) => {
    if (quiet) return;
    const atMs = performance.now();
    meter ??= new ProgressMeter(ofRows, 'row');
    const line = progressLine(meter.add({ atMs, settled: rows, rows }));
    const isTerminal = process.stderr.isTTY === true;
    if (isTerminal) err(`\r\u001b[K${line}${rows >= ofRows ? '\n' : ''}`);
    else if (atMs - plainMs >= PLAIN_EVERY_MS) {
      plainMs = atMs;
      err(`${line}\n`);
    }
  };
}
