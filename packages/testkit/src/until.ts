// Waits for a condition instead of a fixed time. In: a function that is called repeatedly. Out: its first result that is not false, null or undefined, or an
// error with what was waited for and the last result.
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Completes "waited N ms for …". */
  readonly what: string;
  /** Deadline on an idle machine; a busy one gets up to six times as much. */
  readonly deadlineMs: number;
  /** Pause between two calls; default 25 ms. */
  readonly everyMs?: number;
  /** True: an error means "not yet". Default: it ends the wait. */
  readonly retryErrors?: boolean;
}

type Answer<T> = Exclude<T, false | null | undefined>;

/** How much longer things take on an overloaded machine. */
const slowness = (): number => Math.min(6, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));

export async function until<T>(ask: () => T | Promise<T>, o: UntilOptions): Promise<Answer<T>> {
  const startedMs = performance.now();
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== false && answer !== null && answer !== undefined) return answer as Answer<T>;
      last = answer;
    } catch (error) {
      if (o.retryErrors !== true) throw error;
      last = error;
    }
    const waitedMs = Math.round(performance.now() - startedMs);
    if (waitedMs >= o.deadlineMs * slowness()) {
      throw new Error(`waited ${waitedMs} ms for ${o.what}; last answer: ${describe(last)}`, { cause: last });
    }
    await delay(o.everyMs ?? 25);
  }
}

function describe(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}
