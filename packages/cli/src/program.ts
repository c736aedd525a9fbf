// The command line: every command with its options and exit codes. In: nothing. Out: a commander program whose actions are the functions in
// commands/. Only what a help text needs is imported here; each action imports its command when it runs, because loading all of them takes
// longer than most of them run. `npm run docs` makes docs/commands.md from it.
import { STREAMS, TIMEFRAMES } from '@fxtape/market/tables';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { BackfillOptions } from './commands/backfill.ts';
import type { ClockApplyOptions } from './commands/clock-apply.ts';
import type { ClockOptions } from './commands/clock.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import type { GapsOptions, OutagesOptions } from './commands/gaps.ts';
import type { ReplayOptions } from './commands/replay.ts';
import type { SqlOptions } from './commands/sql.ts';
import type { StatusOptions } from './commands/status.ts';
import type { UpOptions } from './commands/up.ts';
import { addBackups } from './backup-program.ts';
import { addDatasets } from './dataset-program.ts';
import { endWithParent } from './end-with-parent.ts';
import { exitCodesOf } from './exit-codes.ts';
import { PROCESSES, type ProcessName } from './processes.ts';
import { version } from './version.ts';

/** They only hold other commands. */
const GROUPS: readonly string[] = ['config', 'credentials', 'dataset', 'tape'];

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
    .showHelpAfterError('See --help for commands and options')
    .exitOverride();
  addRecording(fxtape);
  addBackfill(fxtape);
  addLooking(fxtape);
  addSql(fxtape);
  addCredentials(fxtape);
  addClock(fxtape);
  addSetup(fxtape);
  addDatasets(fxtape, readTime);
  addBackups(fxtape, { readTime, positive });
  addTape(fxtape);
  addReplay(fxtape);
  for (const [name, command] of commandsOf(fxtape))
    command.addHelpText('after', `\nExit codes: ${exitCodesOf(name)}`);
  return fxtape;
}

/** Every command that does something, by its words, in the order of the help. */
export function commandsOf(parent: Command, words: readonly string[] = []): (readonly [string, Command])[] {
  return parent.commands.flatMap((command) => {
    const path = [...words, command.name()];
    const isGroup = GROUPS.includes(command.name());
    return [...(isGroup ? [] : [[path.join(' '), command] as const]), ...commandsOf(command, path)];
  });
}

function addRecording(fxtape: Command): void {
  fxtape
    .command('up')
    .description(
      'starts QuestDB, Redis and all services in the foreground, with one log; Ctrl-C stops them in order',
    )
    .addOption(
      new Option(
        '--demo [which]',
        'record the simulated gateway and ignore the configuration; real: replay a tick file',
      )
        .choices(['simulated', 'real'])
        .preset('simulated'),
    )
    .option(
      '--ticks <file>',
      'with --demo=real: the tick file; its name or --symbol gives the symbol; default: FXTAPE_DEMO_TICKS',
    )
    .option('--symbol <name>', 'with --demo=real: the symbol of the ticks; default: taken from the file name')
    .option('--speed <n>', 'with --demo=real: how many seconds of the file to replay per second', factor)
    .option('--json', 'log JSON lines only')
    .addOption(withParent())
    .action(async (options: UpOptions, command: Command) => {
      const { demo, speed, symbol, ticks, withParent: parent } = options;
      if (demo !== 'real' && [ticks, symbol, speed].some((value) => value !== undefined))
        command.error('error: --ticks, --symbol and --speed need --demo=real', { exitCode: 64 });
      if (parent === true) endWithParent();
      const { up } = await import('./commands/up.ts');
      await up(options);
    });
  fxtape
    .command('run')
    .description('runs one service in the foreground')
    .addArgument(new Argument('<service>', 'the service').choices(PROCESSES))
    .addOption(withParent())
    .action(async (service: ProcessName, options: { withParent?: boolean }) => {
      const { run } = await import('./commands/run.ts');
      await run(service, options);
    });
}

function addBackfill(fxtape: Command): void {
  fxtape
    .command('backfill')
    .description('plans missing history now')
    .option('--account <name>', 'only this account')
    .option('--symbol <name>', 'only this symbol')
    .addOption(new Option('--timeframe <name>', 'only bars of this timeframe').choices(TIMEFRAMES))
    .option(
      '--from <time>',
      'only from this time on: ISO 8601 in UTC, or a duration back from now such as 30d',
    )
    .option('--to <time>', 'only up to this time')
    .option('--again', 'also read covered ranges again, and write what differs')
    .option('--wait', 'wait for the jobs, with a progress bar; Ctrl-C leaves them running')
    .option('--json', 'one JSON document')
    .action(async (typed: Typed<BackfillOptions>, command: Command) => {
      const options = await withTimes(typed, command);
      const { from, to } = options;
      if (from !== undefined && to !== undefined && from >= to)
        command.error('error: --from must lie before --to', { exitCode: 64 });
      const { backfill } = await import('./commands/backfill.ts');
      process.exitCode = await backfill(options);
    });
}

function addLooking(fxtape: Command): void {
  fxtape
    .command('status')
    .description('shows services, streams, lag, rate, jobs and gaps on one screen')
    .option('--watch', 'refresh every two seconds, until Ctrl-C')
    .option('--json', 'one JSON document, or one per line with --watch')
    .action(async (options: StatusOptions) => {
      const { status } = await import('./commands/status.ts');
      process.exitCode = await status(options);
    });
  interval(
    fxtape.command('gaps').description('lists what is missing and why, gap by gap'),
    'only gaps that are still open: not healed, verified empty or unrecoverable',
  )
    .option('--symbol <name>', 'only gaps of this symbol, including gaps of all symbols')
    .addOption(new Option('--stream <name>', 'only gaps of this stream').choices(STREAMS))
    .action(async (typed: Typed<GapsOptions>, command: Command) => {
      const options = await withTimes(typed, command);
      const { gaps } = await import('./commands/gaps.ts');
      await gaps(options);
    });
  interval(
    fxtape.command('outages').description('lists what is missing and why, incident by incident'),
    'only outages with an open gap',
  ).action(async (typed: Typed<OutagesOptions>, command: Command) => {
    const options = await withTimes(typed, command);
    const { outages } = await import('./commands/gaps.ts');
    await outages(options);
  });
}

function addSql(fxtape: Command): void {
  fxtape
    .command('sql')
    .description('runs a query as a read-only user; without a statement: how to connect')
    .argument('[statement]', 'such as "SELECT count() FROM ticks"')
    .addOption(new Option('--csv', 'a header line, then rows').conflicts('json'))
    .option('--json', 'one JSON array of rows')
    .option('--admin', 'without a statement: also the password of the web console')
    .action(async (statement: string | undefined, options: SqlOptions, command: Command) => {
      if (statement === undefined && options.csv === true)
        command.error('error: --csv needs a statement', { exitCode: 64 });
      if (statement !== undefined && options.admin === true)
        command.error('error: --admin cannot be used with a statement', { exitCode: 64 });
      const { sql } = await import('./commands/sql.ts');
      await sql(statement, options);
    });
}

function addCredentials(fxtape: Command): void {
  fxtape
    .command('credentials')
    .description('manages the passwords of the engines that fxtape started')
    .command('rotate')
    .description('generates new passwords, which apply from the next `fxtape up`')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const { credentialsRotate } = await import('./commands/credentials.ts');
      credentialsRotate(options);
    });
}

function addClock(fxtape: Command): void {
  const clock = fxtape
    .command('clock')
    .description('shows each broker’s clock rule, the evidence for it, and earlier decisions')
    .option('--account <name>', 'only this account')
    .option('--json', 'one JSON document')
    .action(async (options: ClockOptions) => {
      const commands = await import('./commands/clock.ts');
      await commands.clock(options);
    });
  clock
    .command('set')
    .description('writes a clock rule into the configuration; it overrides the inferred one')
    .argument('<rule>', 'such as America/New_York+7h or UTC+3h; auto: infer it again')
    .requiredOption('--account <name>', 'the account whose broker it is for')
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
    .description('corrects the times of rows that were written with another clock rule; downloads nothing')
    .option('--dry-run', 'show what would change, per table; write nothing')
    .option(
      '--drop-old',
      'remove the tables that earlier corrections replaced, after checking that nothing is missing',
    )
    .option('--abort', 'roll back a correction that has not ended')
    .option('--json', 'one JSON document')
    .action(async (options: ClockApplyOptions) => {
      const { clockApply } = await import('./commands/clock-apply.ts');
      await clockApply(options);
    });
}

function addSetup(fxtape: Command): void {
  fxtape
    .command('doctor')
    .description(
      'checks everything that recording needs: key, accounts, routes, symbols, clock rule, depth of history, disk, tape, QuestDB, Redis',
    )
    .option('--json', 'one JSON document')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./commands/doctor.ts');
      process.exitCode = await doctor(options);
    });
  const config = fxtape.command('config').description('shows the configuration');
  config
    .command('show')
    .description('prints the configuration in force, without secrets')
    .option('--json', 'one JSON document')
    .action(async (options: { json?: boolean }) => {
      const { configShow } = await import('./commands/config.ts');
      await configShow(options);
    });
  config
    .command('schema')
    .description('prints the JSON Schema of fxtape.yaml, for editors')
    .option('--json', 'accepted for symmetry: the output is always JSON')
    .action(async () => {
      const { configSchema } = await import('./commands/config.ts');
      configSchema();
    });
}

function interval(command: Command, open: string): Command {
  return command
    .option('--open', open)
    .option('--account <name>', 'only this account')
    .option(
      '--from <time>',
      'only what ends after this time: ISO 8601 in UTC, or a duration back from now such as 12h',
    )
    .option('--to <time>', 'only what begins before this time')
    .option('--limit <n>', 'at most this many: the newest, listed oldest first', positive, 1000)
    .option('--json', 'one JSON document');
}

/** Options as they were typed: the times are still text. */
type Typed<O extends { from?: number; to?: number }> = Omit<O, 'from' | 'to'> & {
  from?: string;
  to?: string;
};

/** The same with times in microseconds UTC. */
async function withTimes<T extends { from?: string; to?: string }>(typed: T, command: Command) {
  const { from, to, ...others } = typed;
  const [fromUs, toUs] = [await readTime('--from', from, command), await readTime('--to', to, command)];
  return {
    ...others,
    ...(fromUs !== undefined && { from: fromUs }),
    ...(toUs !== undefined && { to: toUs }),
  };
}

/** A time as it was typed, in microseconds UTC. */
async function readTime(
  flag: string,
  text: string | undefined,
  command: Command,
): Promise<number | undefined> {
  if (text === undefined) return undefined;
  const { readInstant } = await import('./print/instant.ts');
  return (
    readInstant(text, Date.now()) ??
    command.error(
      `error: option '${flag} <time>' argument '${text}' is invalid. It must be a date or an ISO 8601 time (UTC) from 1970 up to 2200, or a duration such as 12h.`,
      { exitCode: 64 },
    )
  );
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
  const tape = fxtape.command('tape').description('reads the tape of an account');
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
    .description('shows what each segment contains and what cannot be read')
    .argument('<account>', 'name of the account in the configuration')
    .option('--json', 'one JSON object per segment')
    .action(async (account: string, options: { json?: boolean }) => {
      const { tapeCheck } = await import('./commands/tape.ts');
      process.exitCode = await tapeCheck(account, options);
    });
}

function addReplay(fxtape: Command): void {
  fxtape
    .command('replay')
    .description(
      'serves a recorded period of an account as a gateway on this machine, frame by frame as it was received',
    )
    .argument('<account>', 'name of the account')
    .requiredOption(
      '--from <time>',
      'from this time of receipt on: ISO 8601 in UTC, or a duration back from now such as 24h',
    )
    .option('--to <time>', 'up to this time, which is not included; default: now')
    .option(
      '--speed <n>',
      'recorded seconds per second; max: as fast as the client takes them',
      (text: string) => (text === 'max' ? text : factor(text)),
      1,
    )
    .addOption(
      new Option(
        '--start <when>',
        'how long after a client’s last subscription the frames begin, such as 31s; now: at once, without a client',
      )
        .argParser(startOf)
        .default(1000, '1s'),
    )
    .option('--port <n>', 'where to listen on 127.0.0.1; 0: any free port', port, 7090)
    .addOption(
      new Option('--key <key>', 'the key that clients must use; it can only read').default(
        'fxs_ro_demo',
        'that of the demonstration',
      ),
    )
    .option('--json', 'one JSON object per line: `started`, `note`, `damage`, `ended`')
    .action(async (account: string, typed: Typed<ReplayOptions>, command: Command) => {
      const options = await withTimes(typed, command);
      const { from, to } = options;
      if (from === undefined || (to !== undefined && from >= to))
        command.error('error: --from must lie before --to', { exitCode: 64 });
      const { replay } = await import('./commands/replay.ts');
      await replay(account, { ...options, from });
    });
}

function startOf(text: string): number | 'now' {
  if (text === 'now') return text;
  const match = /^(\d{1,5})(ms|s|m)$/.exec(text);
  if (match !== null) return Number(match[1]) * (match[2] === 'ms' ? 1 : match[2] === 's' ? 1000 : 60_000);
  throw new InvalidArgumentError('It must be `now` or a duration such as 500ms, 31s or 2m.');
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
