// The `fxtape` command. In: the command line. Out: an exit code: 0; the command's own; 1 with one line of code, reason and hint; or 64 for
// a command line that cannot be parsed.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const USAGE = 64;

// Stripping types and compiling is most of a start. If the folder cannot be written, Node goes on without a cache.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/fxtape', import.meta.url)));

/** Whoever reads our output may stop reading (`| head`), and a terminal may be closed (EIO): no error, and no reason for a recorder to end. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  if (!['up', 'run'].includes(process.argv[2] ?? '')) process.exit();
});

// Modules imported before the cache is enabled would not be cached, so everything is imported from here on.
const { CommanderError } = await import('commander');
const { program } = await import('./program.ts');
try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  else {
    const { showFailure } = await import('./show-failure.ts');
    showFailure(error);
    // A service that failed to start may have left something open.
    process.exit(1);
  }
}
