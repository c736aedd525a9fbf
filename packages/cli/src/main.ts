// The `fxtape` command. In: the command line. Out: an exit code: 0; the command's own; 1 with one line of code, reason and hint; or 64 for
// a command line that cannot be parsed.
import { CommanderError } from 'commander';
import { processEnv } from './env.ts';
import { failureLine } from './failure-line.ts';
import { whereNothingRuns } from './not-running.ts';
import { err } from './print/out.ts';
import { program } from './program.ts';

const USAGE = 64;

/** Whoever reads our output may stop reading (`| head`): no error, and no reason for a recorder to end. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (!['up', 'run'].includes(process.argv[2] ?? '')) process.exit();
});

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else {
    const json = process.argv.includes('--json');
    const looks = !['up', 'run'].includes(process.argv[2] ?? '');
    err(`${failureLine(looks ? whereNothingRuns(error) : error, { json })}\n`);
    if (processEnv()['LOG_LEVEL'] === 'debug') err(`${(error as Error).stack ?? ''}\n`);
    // A service that failed to start may have left something open.
    process.exit(1);
  }
}
