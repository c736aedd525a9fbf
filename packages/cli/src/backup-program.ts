// `fxtape backup` and `fxtape restore` on the command line: their arguments and options. In: the program. Out: the same with them.
import type { Command } from 'commander';
import type { BackupCommandOptions } from './commands/backup.ts';

interface Readers {
  readonly readTime: (
    flag: string,
    text: string | undefined,
    command: Command,
  ) => Promise<number | undefined>;
  readonly positive: (text: string) => number;
}

/** `readTime`: a time as it was typed, in microseconds UTC; `positive`: a whole number above 0. */
export function addBackups(fxtape: Command, { positive, readTime }: Readers): void {
  fxtape
    .command('backup')
    .description('copies every table, the tape and the configuration, while recording goes on')
    .argument('<to>', 'folder or s3:// address; backups share the files that did not change')
    .option('--keep <n>', 'then remove all but the newest n backups', positive)
    .option('--json', 'one JSON document')
    .action(async (to: string, options: BackupCommandOptions) => {
      const { backup } = await import('./commands/backup.ts');
      process.exitCode = await backup(to, options);
    });
  fxtape
    .command('restore')
    .description('brings a backup into an empty data folder and an empty database')
    .argument('<from>', 'folder or s3:// address of the backups')
    .option('--at <time>', 'the newest backup that had begun by then; default: the newest')
    .option('--dry-run', 'show which backup it would be, and its size; write nothing')
    .option('--json', 'one JSON document')
    .action(
      async (from: string, typed: { at?: string; dryRun?: boolean; json?: boolean }, command: Command) => {
        const { at, ...options } = typed;
        const atUs = await readTime('--at', at, command);
        const { restore } = await import('./commands/restore.ts');
        process.exitCode = await restore(from, { ...options, ...(atUs !== undefined && { at: atUs }) });
      },
    );
}
