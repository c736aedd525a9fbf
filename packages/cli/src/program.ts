// What can be typed: the commands that work, with their options. In: nothing. Out: a commander program whose actions are the functions
// in commands/. A command that answers with an exit code sets it.
import { readFileSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { run } from './commands/run.ts';
import { tapeCat, tapeCheck } from './commands/tape.ts';
import { up } from './commands/up.ts';
import { endWithParent } from './end-with-parent.ts';
import { SERVICES } from './service-process.ts';

const version = (): string => {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

/** For processes that `fxtape` starts itself; people have no use for it. */
const withParent = (): Option => new Option('--with-parent').hideHelp();

export function program(): Command {
  const fxtape = new Command('fxtape')
    .description('A flight recorder for MetaTrader accounts behind FxSocket')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError('See --help for what can be typed')
    .exitOverride();
  addRecording(fxtape);
  addTape(fxtape);
  return fxtape;
}

function addRecording(fxtape: Command): void {
  fxtape
    .command('up')
    .description('everything in the foreground with one log; Ctrl-C stops it in order')
    .option('--demo', 'record the simulated gateway, whatever is configured')
    .option('--json', 'only JSON lines')
    .addOption(withParent())
    .action(async (options: { demo?: boolean; json?: boolean; withParent?: boolean }) => {
      if (options.withParent === true) endWithParent();
      await up(options);
    });
  fxtape
    .command('run')
    .description('one service in the foreground')
    .addArgument(new Argument('<service>', 'which one').choices(SERVICES))
    .addOption(withParent())
    .action(run);
}

function addTape(fxtape: Command): void {
  const tape = fxtape.command('tape').description('reads the journal of an account');
  tape
    .command('cat')
    .description('prints its lines')
    .argument('<account>', 'name of the account in the configuration')
    .action(tapeCat);
  tape
    .command('check')
    .description('what each segment holds and what cannot be read; exit code 2 when something cannot')
    .argument('<account>', 'name of the account in the configuration')
    .option('--json', 'one JSON object per segment')
    .action(async (account: string, options: { json?: boolean }) => {
      process.exitCode = await tapeCheck(account, options);
    });
}
