// What happens to an error that nobody caught. In: the log. Out: the error as one `fatal` line, with secrets taken out as in every
// other line, and the end of the process with code 1. Without it Node would print the raw error, keys included, on stderr.
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
