// Rows of ticks in the order of their time. In: times as a file has them. Out: the order in which the rows are played, and how many stood
// after a later one. Recorders of several threads write a tick a moment late, which is put right; a larger step back is another
// fault, and nobody can tell here which of its rows are right.

/** Steps back up to here are put in order. */
const LATE_MS = 5000;
const HOUR_MS = 3_600_000;

export interface Ordered {
  /** Rows of the file, in order of time; equal times in the file's order. */
  readonly order: Uint32Array;
  /** Rows that stood after one with a later time, and by how much at most. */
  readonly late: { readonly rows: number; readonly mostMs: number };
}

/** Where the time steps back too far: the row, by how much, and how often it does. */
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

/** Late rows are few and stand near their place: each is moved there. */
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

/** What a step back means, for people. */
export function explainStep({ byMs, times }: StepBack): string {
  const often = times === 1 ? 'once in the file' : `${times} times in the file`;
  const by = byMs < HOUR_MS / 2 ? `${byMs / 1000} s` : `${Math.round(byMs / 36_000) / 100} h`;
  const hour = Math.abs(byMs - HOUR_MS) < HOUR_MS / 10;
  const why = hour
    ? 'as when a clock is set back in autumn: the hour occurs twice, and rows do not show which pass they belong to'
    : 'rows of another day or another file may be mixed in';
  return `the time steps back by ${by} (${often}), ${why}`;
}
