// The end of a command that failed. In: whatever was thrown. Out: one line on stderr, as JSON with --json; with LOG_LEVEL=debug also the stack.
import { processEnv } from './env.ts';
import { failureLine } from './failure-line.ts';
import { whereNothingRuns } from './not-running.ts';
import { err } from './print/out.ts';

export function showFailure(error: unknown): void {
  const asks = !['up', 'run'].includes(process.argv[2] ?? '');
  const json = process.argv.includes('--json');
  err(`${failureLine(asks ? whereNothingRuns(error) : error, { json })}\n`);
  if (processEnv()['LOG_LEVEL'] === 'debug') err(`${(error as Error).stack ?? ''}\n`);
}
