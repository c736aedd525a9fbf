// What can be typed: the commands that work, with their options. In: nothing. Out: a commander program whose actions are the functions
// in commands/, each loaded when it is typed, because loading all of them takes longer than most of them run. A command that answers
// with an exit code sets it.
import { readFileSync } from 'node:fs';
import { TIMEFRAMES } from '@fxtape/config';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { BackfillOptions } from './commands/backfill.ts';
import type { ClockApplyOptions } from './commands/clock-apply.ts';
import type { ClockOptions } from './commands/clock.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import type { GapsOptions, OutagesOptions } from './commands/gaps.ts';
import type { SqlOptions } from './commands/sql.ts';
import type { StatusOptions } from './commands/status.ts';
import type { UpOptions } from './commands/up.ts';
import { endWithParent } from './end-with-parent.ts';
import { readInstant } from './print/instant.ts';
import { PROCESSES, type ProcessName } from './service-process.ts';

const STREAMS = ['ticks', 'bars', 'deals', 'positions', 'account'];

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
    // What stands behind a command is read as its own: `clock set` and `clock` both know --account.
    .enablePositionalOptions()
    .showHelpAfterError('See --help for what can be typed')
    .exitOverride();
  addRecording(fxtape);
  addBackfill(fxtape);
  addLooking(fxtape);
  addSql(fxtape);
  addCredentials(fxtape);
  addClock(fxtape);
  addSetup(fxtape);
  addTape(fxtape);
  return fxtape;
}

function addRecording(fxtape: Command): void {
  fxtape
    .command('up')
    .description('everything in the foreground with one log; Ctrl-C stops it in order')
    .addOption(
      new Option(
        '--demo [which]',
        'record the simulated gateway, whatever is configured; real: a file of ticks',
      )
        .choices(['simulated', 'real'])
        .preset('simulated'),
    )
    .option('--ticks <file>', 'with --demo=real: the file to play; default FXTAPE_DEMO_TICKS')
    .option(
      '--symbol <name>',
      'with --demo=real: what its ticks are of; default: what the name of the file tells',
    )
    .option('--speed <n>', 'with --demo=real: seconds of the file in one second', factor)
    .option('--json', 'only JSON lines')
    .addOption(withParent())
    .action(async (options: UpOptions, command: Command) => {
      const { demo, speed, symbol, ticks, withParent: parent } = options;
      if (demo !== 'real' && [ticks, symbol, speed].some((value) => value !== undefined))
        command.error('error: --ticks, --symbol and --speed go with --demo=real', { exitCode: 64 });
      if (parent === true) endWithParent();
      const { up } = await import('./commands/up.ts');
      await up(options);
    });
  fxtape
    .command('run')
    .description('one service in the foreground')
    .addArgument(new Argument('<service>', 'which one').choices(PROCESSES))
    .addOption(withParent())
    .action(async (service: ProcessName, options: { withParent?: boolean }) => {
      const { run } = await import('./commands/run.ts');
      await run(service, options);
    });
}

function addBackfill(fxtape: Command): void {
  const instant = (text: string): number => Math.max(0, readInstant(text, Date.now()));
  fxtape
    .command('backfill')
    .description('plans now what is missing of history; exit code 1 when a job failed')
    .option('--account <name>', 'only of this account')
    .option('--symbol <name>', 'only of this symbol')
    .addOption(new Option('--timeframe <name>', 'only bars of this timeframe').choices(TIMEFRAMES))
    .option('--from <time>', 'only from here: ISO 8601 in UTC, or a duration such as 30d ago', instant)
    .option('--to <time>', 'only until here', instant)
    .option('--again', 'what is covered too: it is read once more, and what differs is written')
    .option('--wait', 'until it is fetched, with a progress bar; Ctrl-C leaves the jobs running')
    .option('--json', 'one JSON document')
    .action(async (options: BackfillOptions, command: Command) => {
      const { from, to } = options;
      if (from !== undefined && to !== undefined && from >= to) {
        command.error('error: --from must lie before --to', { exitCode: 64 });
      }
      const { backfill } = await import('./commands/backfill.ts');
      process.exitCode = await backfill(options);
    });
}

function addLooking(fxtape: Command): void {
  fxtape
    .command('status')
    .description('one screen: streams, lag, gaps; exit code 0 well, 1 degraded, 2 down')
    .option('--watch', 'draw it again every two seconds, until Ctrl-C')
    .option('--json', 'one JSON document, or one a line with --watch')
    .action(async (options: StatusOptions) => {
      const { status } = await import('./commands/status.ts');
      process.exitCode = await status(options);
    });
  interval(
    fxtape.command('gaps').description('what is missing and why, gap by gap'),
    'only those that are neither healed nor settled otherwise',
  )
    .option('--symbol <name>', 'only gaps of this symbol, and of all symbols')
    .addOption(new Option('--stream <name>', 'only gaps of this stream').choices(STREAMS))
    .action(async (options: GapsOptions) => {
      const { gaps } = await import('./commands/gaps.ts');
      await gaps(options);
    });
  interval(
    fxtape.command('outages').description('what is missing and why, incident by incident'),
    'only those with a gap that is open',
  ).action(async (options: OutagesOptions) => {
    const { outages } = await import('./commands/gaps.ts');
    await outages(options);
  });
}

function addSql(fxtape: Command): void {
  fxtape
    .command('sql')
    .description('asks QuestDB, as a user that only reads; without a statement: how to connect')
    .argument('[statement]', 'such as "SELECT count() FROM ticks"')
    .addOption(new Option('--csv', 'a header line, then rows').conflicts('json'))
    .option('--json', 'one JSON array of rows')
    .option('--admin', 'without a statement: the password of the web console too')
    .action(async (statement: string | undefined, options: SqlOptions, command: Command) => {
      if (statement === undefined && options.csv === true)
        command.error('error: --csv goes with a statement', { exitCode: 64 });
      if (statement !== undefined && options.admin === true)
        command.error('error: --admin goes without a statement', { exitCode: 64 });
      const { sql } = await import('./commands/sql.ts');
      await sql(statement, options);
    });
}

function addCredentials(fxtape: Command): void {
  fxtape
    .command('credentials')
    .description('passwords of the engines that fxtape started')
    .command('rotate')
    .description('makes new ones, for the next `fxtape up`')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const { credentialsRotate } = await import('./commands/credentials.ts');
      credentialsRotate(options);
    });
}

function addClock(fxtape: Command): void {
  const clock = fxtape
    .command('clock')
    .description('which wall clock each broker keeps, what that rests on, and what was decided before')
    .option('--account <name>', 'only of this account')
    .option('--json', 'one JSON document')
    .action(async (options: ClockOptions) => {
      const commands = await import('./commands/clock.ts');
      await commands.clock(options);
    });
  clock
    .command('set')
    .description('writes a rule into the configuration, where it wins over what is inferred')
    .argument('<rule>', 'such as America/New_York+7h or UTC+3h; auto infers it again')
    .requiredOption('--account <name>', 'whose broker')
    .option('--json', 'one JSON document')
    .action(async (rule: string, options: { account: string; json?: boolean }) => {
      const { clockSet } = await import('./commands/clock.ts');
      await clockSet(rule, options);
    });
  addClockApply(clock);
}

function addClockApply(clock: Command): void {
  clock
    .command('apply')
    .description('gives rows that were written under another clock rule their right time, without a download')
    .option('--dry-run', 'what would be done, per table; writes nothing')
    .option(
      '--drop-old',
      'removes the tables that earlier corrections replaced, once nothing of them is missing',
    )
    .option('--abort', 'puts everything back as it was before a correction that has not ended')
    .option('--json', 'one JSON document')
    .action(async (options: ClockApplyOptions) => {
      const { clockApply } = await import('./commands/clock-apply.ts');
      await clockApply(options);
    });
}

function addSetup(fxtape: Command): void {
  fxtape
    .command('doctor')
    .description('checks all that recording depends on; exit code 1 when a check failed')
    .option('--json', 'one JSON document')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./commands/doctor.ts');
      process.exitCode = await doctor(options);
    });
  const config = fxtape.command('config').description('what is configured');
  config
    .command('show')
    .description('what is in force, without secrets')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const { configShow } = await import('./commands/config.ts');
      await configShow(options);
    });
  config
    .command('schema')
    .description('the JSON Schema of fxtape.yaml, for editors')
    .option('--json', 'it is JSON anyway')
    .action(async () => {
      const { configSchema } = await import('./commands/config.ts');
      configSchema();
    });
}

function interval(command: Command, open: string): Command {
  const instant = (text: string): number => readInstant(text, Date.now());
  return command
    .option('--open', open)
    .option('--account <name>', 'only of this account')
    .option(
      '--from <time>',
      'only what ends after it: ISO 8601 in UTC, or a duration such as 12h ago',
      instant,
    )
    .option('--to <time>', 'only what begins before it', instant)
    .option('--limit <n>', 'the newest so many', positive, 1000)
    .option('--json', 'one JSON document');
}

function factor(text: string): number {
  const value = Number(text);
  if (/^[\d.]+$/.test(text) && value > 0 && value <= 10_000) return value;
  throw new InvalidArgumentError('It must be a number above 0, at most 10000.');
}

function positive(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 to 9999999.');
}

function addTape(fxtape: Command): void {
  const tape = fxtape.command('tape').description('reads the journal of an account');
  tape
    .command('cat')
    .description('prints its lines')
    .argument('<account>', 'name of the account in the configuration')
    .action(async (account: string) => {
      const { tapeCat } = await import('./commands/tape.ts');
      await tapeCat(account);
    });
  tape
    .command('check')
    .description('what each segment holds and what cannot be read; exit code 2 when something cannot')
    .argument('<account>', 'name of the account in the configuration')
    .option('--json', 'one JSON object per segment')
    .action(async (account: string, options: { json?: boolean }) => {
      const { tapeCheck } = await import('./commands/tape.ts');
      process.exitCode = await tapeCheck(account, options);
    });
}
