// Sorts the rows of a tick file by time. In: the times in file order. Out: the order of play, and how many rows were late. Multi-threaded recorders write
// ticks slightly out of order, which is corrected; a larger step back is refused, because it is not clear which rows are right.

/** Steps back up to this are sorted. */
const LATE_MS = 5000;
const HOUR_MS = 3_600_000;

export interface Ordered {
  /** Rows of the file, in order of time; equal times in the file's order. */
  readonly order: Uint32Array;
  /** Rows that were out of order, and by how much at most. */
  readonly late: { readonly rows: number; readonly mostMs: number };
}

/** Where the time steps back too far: the row, by how much, and how often. */
export interface StepBack {
  readonly row: number;
  readonly byMs: number;
  readonly times: number;
}

export function inOrder(utcMs: Float64Array): Ordered | StepBack {
  let newest = Number.NEGATIVE_INFINITY;
  let before = Number.NEGATIVE_INFINITY;
  let rows = 0;
  let mostMs = 0;
  let step: { row: number; byMs: number; times: number } | null = null;
  for (let i = 0; i < utcMs.length; i++) {
    const at = utcMs[i] as number;
    if (before - at > LATE_MS) {
      if (step === null) step = { row: i, byMs: before - at, times: 1 };
      else step.times += 1;
    } else if (at < newest && newest - at > LATE_MS && step === null) {
      // Many small steps that add up.
      step = { row: i, byMs: newest - at, times: 1 };
    }
    if (at < newest) {
      rows += 1;
      mostMs = Math.max(mostMs, newest - at);
    } else newest = at;
    before = at;
  }
  if (step !== null) return step;
  const order = Uint32Array.from(utcMs, (_, i) => i);
  if (rows > 0) insertLate(order, utcMs);
  return { order, late: { rows, mostMs } };
}

/** Insertion sort: late rows are few and near their place. */
function insertLate(order: Uint32Array, utcMs: Float64Array): void {
  for (let i = 1; i < order.length; i++) {
    const row = order[i] as number;
    const at = utcMs[row] as number;
    let to = i;
    for (; to > 0 && (utcMs[order[to - 1] as number] as number) > at; to--)
      order[to] = order[to - 1] as number;
    order[to] = row;
  }
}

/** Describes a step back in words. */
export function explainStep({ byMs, times }: StepBack): string {
  const often = times === 1 ? 'once in the file' : `${times} times in the file`;
  const by = byMs < HOUR_MS / 2 ? `${byMs / 1000} s` : `${Math.round(byMs / 36_000) / 100} h`;
  const hour = Math.abs(byMs - HOUR_MS) < HOUR_MS / 10;
  const why = hour
    ? 'as when a clock is set back in autumn: the hour occurs twice, and rows do not show which pass they belong to'
    : 'rows of another day or another file may be mixed in';
  return `the time steps back by ${by} (${often}), ${why}`;
}
