// The `fxtape` command. In: the command line. Out: an exit code: 0, what the command says, 1 with one line of code, reason and hint,
// or 64 for a command line that cannot be understood.
import { FxtapeError } from '@fxtape/ops';
import { Argument, Command, CommanderError } from 'commander';
import { tapeCat, tapeCheck } from './commands/tape.ts';
import { up } from './commands/up.ts';
import { processEnv } from './env.ts';
import { serviceArguments, type ServiceName } from './service-process.ts';

const USAGE = 64;
const SERVICES: ServiceName[] = ['collector', 'console', 'simulator'];

const program = new Command('fxtape')
  .description('A flight recorder for MetaTrader accounts behind FxSocket')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

program
  .command('up')
  .description('everything in the foreground; a signal stops it in order')
  .option('--demo', 'record the simulated gateway')
  .action(up);
program
  .command('run')
  .description('one service in the foreground')
  .addArgument(new Argument('<service>').choices(SERVICES))
  .action(async (service: ServiceName) => {
    const [, path = ''] = serviceArguments(service);
    process.execArgv.push('--conditions=@fxtape/source');
    await import(path);
  });
const tape = program.command('tape').description('reads the journal of an account');
tape.command('cat').argument('<account>').description('prints its lines').action(tapeCat);
tape
  .command('check')
  .argument('<account>')
  .description('says what each segment holds and what cannot be read; exit code 2 when something cannot')
  .option('--json', 'one JSON object per segment')
  .action(async (account: string, options: { json?: boolean }) => {
    process.exitCode = await tapeCheck(account, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  else {
    process.stderr.write(`${error instanceof FxtapeError ? error.toLine() : String(error)}\n`);
    if (processEnv()['LOG_LEVEL'] === 'debug') process.stderr.write(`${(error as Error).stack ?? ''}\n`);
    process.exitCode = 1;
  }
}
