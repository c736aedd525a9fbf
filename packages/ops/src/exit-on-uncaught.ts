// Handles uncaught errors. In: the log. Out: the error as one redacted `fatal` line, and exit code 1. Without it Node would print the raw
// error on stderr, keys included.
import type { Log } from './log.ts';
import { flushAndExit } from './shutdown.ts';

/** Call once, first thing in a service's `main.ts`. */
export function exitOnUncaught(
  log: Log,
  exit: (code: number) => void = (code) => flushAndExit(log, code),
): void {
  const end = (what: string) => (error: unknown) => {
    log.fatal({ err: error }, `${what}: ${error instanceof Error ? error.message : String(error)}`);
    exit(1);
  };
  process.on('uncaughtException', end('uncaught error'));
  process.on('unhandledRejection', end('unhandled rejection'));
}
