// Waits for a condition instead of for a time. In: a question, asked again and again. Out: its first answer that is not false, null or
// undefined, or an error that says what was waited for and what was seen last.
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Completes "waited N ms for …". */
  readonly what: string;
  /** On an idle machine; a busy one gets more, up to six times as much. */
  readonly deadlineMs: number;
  /** Pause between two questions; default 25 ms. */
  readonly everyMs?: number;
  /** Errors of the question are the end by default; `true` makes them "not yet". */
  readonly retryErrors?: boolean;
}

type Answer<T> = Exclude<T, false | null | undefined>;

/** How much longer things take when there is more work than cores. */
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
