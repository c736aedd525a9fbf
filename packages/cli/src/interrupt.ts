// Ctrl-C of a command that ends early without harm. In: work that takes a signal. Out: its exit code, or 130 and a line on what is left.
import { err } from './print/out.ts';

const INTERRUPTED = 130;

/** Resolves with the exit code of `work`. Its errors count unless a signal came first. */
export async function untilStopped(
  stopped: string | (() => string),
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    return await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    err(`${typeof stopped === 'string' ? stopped : stopped()}\n`);
    return INTERRUPTED;
  }
}
