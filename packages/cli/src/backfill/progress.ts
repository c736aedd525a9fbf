// Progress, for people. In: finished jobs and rows, sample by sample. Out: rates, the time left, and one line. Rows per second cover the
// last half minute; the time left is estimated from jobs, because the number of rows to come is unknown.
import { count, significant, spellDuration } from '../print/quantity.ts';

export interface Sample {
  readonly atMs: number;
  readonly settled: number;
  readonly rows: number;
}

export interface Progress {
  /** What is counted: jobs, rows. */
  readonly noun: string;
  readonly total: number;
  readonly settled: number;
  readonly rows: number;
  /** Null: too early to say. */
  readonly rowsPerSecond: number | null;
  readonly leftMs: number | null;
}

const WINDOW_MS = 30_000;
const SOON_MS = 1000;

export class ProgressMeter {
  readonly #total: number;
  readonly #noun: string;
  readonly #samples: Sample[] = [];
  #first: Sample | null = null;

  constructor(total: number, noun = 'job') {
    this.#total = total;
    this.#noun = noun;
  }

  add(sample: Sample): Progress {
    this.#first ??= sample;
    this.#samples.push(sample);
    while ((this.#samples[1]?.atMs ?? sample.atMs) <= sample.atMs - WINDOW_MS) this.#samples.shift();
    const { rows, settled } = sample;
    return {
      noun: this.#noun,
      total: this.#total,
      settled,
      rows,
      rowsPerSecond: this.#rate(sample),
      leftMs: this.#left(sample),
    };
  }

  #rate(now: Sample): number | null {
    const from = this.#samples[0] ?? now;
    const ms = now.atMs - from.atMs;
    return ms < SOON_MS ? null : ((now.rows - from.rows) / ms) * 1000;
  }

  #left(now: Sample): number | null {
    if (now.settled >= this.#total) return 0;
    const first = this.#first ?? now;
    const settled = now.settled - first.settled;
    if (settled <= 0 || now.atMs - first.atMs < SOON_MS) return null;
    return ((now.atMs - first.atMs) / settled) * (this.#total - now.settled);
  }
}

/** `[######··········]  41 of 412 jobs · 1.2 M rows · 52.3 k rows/s · 3 min left`. */
export function progressLine(progress: Progress, width = 24): string {
  const { leftMs, noun, rows, rowsPerSecond, settled, total } = progress;
  const full = total === 0 ? width : Math.floor((settled / total) * width);
  return [
    `[${'#'.repeat(full)}${'·'.repeat(width - full)}]  ${settled} of ${count(total, noun)}`,
    ...(noun === 'row' ? [] : [`${spellCount(rows)} rows`]),
    ...(rowsPerSecond === null ? [] : [`${spellCount(Math.round(rowsPerSecond))} rows/s`]),
    ...(leftMs === null || leftMs === 0 ? [] : [`${spellDuration(leftMs)} left`]),
  ].join(' · ');
}

/** What the jobs are waiting for when none has progressed for a while. */
export function standStill(of: {
  readonly active: number;
  readonly waiting: number;
  readonly resting: number;
  readonly trouble: string | null;
}): string {
  const { active, resting, trouble, waiting } = of;
  return [
    ...(active === 0 ? [] : [`${active} running`]),
    ...(waiting === 0 ? [] : [`${waiting} behind other jobs of the account`]),
    ...(resting === 0 ? [] : [`${resting} resting until the gateway is asked again`]),
    ...(trouble === null ? [] : [`last try: ${trouble}`]),
  ].join(', ');
}

/** `812`, `52.3 k`, `3.7 M`. */
export function spellCount(n: number): string {
  if (n < 10_000) return String(n);
  return n < 999_500 ? `${significant(n / 1000)} k` : `${significant(n / 1e6)} M`;
}
