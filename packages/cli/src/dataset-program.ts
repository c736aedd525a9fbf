// `fxtape dataset` on the command line: its commands and options. In: the program. Out: the same with them.
import { TIMEFRAMES } from '@fxtape/market/tables';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type Form, FORMS, type KindName, KINDS } from '@fxtape/datasets/kinds';
import type { DatasetExportOptions } from './commands/dataset.ts';

type Times = (flag: string, text: string | undefined, command: Command) => Promise<number | undefined>;

interface TypedExport {
  readonly symbol?: readonly string[];
  readonly feed?: readonly string[];
  readonly account?: readonly string[];
  readonly timeframe?: readonly string[];
  readonly from?: string;
  readonly to?: readonly string[];
  readonly asOf?: string;
  readonly output: string;
  readonly strict?: boolean;
  readonly withReception?: boolean;
  readonly resample?: number;
  readonly price: 'bid' | 'ask' | 'mid';
  readonly align: 'utc' | 'broker';
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `readTime`: converts a time, as it was typed, to microseconds UTC. */
export function addDatasets(fxtape: Command, readTime: Times): void {
  const dataset = fxtape
    .command('dataset')
    .description(
      'research datasets: Delta tables of Parquet, with every version readable and every difference explained',
    );
  addExport(dataset.command('export'), readTime);
  addExport(fxtape.command('export'), readTime).description('the same as `dataset export`');
  dataset
    .command('update')
    .description('makes the next version: rows that are new, and days that were healed, revised or corrected')
    .argument('<dir>', 'folder or s3:// address of the dataset')
    .option('--to <time>', 'up to this time; default: a minute ago')
    .option('--strict', 'refuse an open gap or a provisional clock rule')
    .option('--json', 'one JSON document')
    .action(
      async (dir: string, typed: { to?: string; strict?: boolean; json?: boolean }, command: Command) => {
        const { to, ...rest } = typed;
        const toUs = await readTime('--to', to, command);
        const { datasetUpdate } = await import('./commands/dataset.ts');
        process.exitCode = await datasetUpdate(dir, { ...rest, ...(toUs !== undefined && { to: toUs }) });
      },
    );
  dataset
    .command('check')
    .description('checks the files and rows of a version against its manifest')
    .argument('<dir>', 'folder or s3:// address; DIR@3 is version 3')
    .option('--json', 'one JSON document')
    .action(async (dir: string, options: { json?: boolean }) => {
      const { datasetCheck } = await import('./commands/dataset.ts');
      process.exitCode = await datasetCheck(dir, options);
    });
  dataset
    .command('import')
    .description('writes a version back into the database; it must have the reception columns')
    .argument('<dir>', 'folder or s3:// address; DIR@3 is version 3')
    .option('--json', 'one JSON document')
    .action(async (dir: string, options: { json?: boolean }) => {
      const { datasetImport } = await import('./commands/dataset.ts');
      process.exitCode = await datasetImport(dir, options);
    });
  dataset
    .command('vacuum')
    .description('removes files that no kept version needs')
    .argument('<dir>', 'folder or s3:// address of the dataset')
    .option('--keep <duration>', 'keep versions that are younger', '30d')
    .option('--dry-run', 'list the files; remove nothing')
    .option('--json', 'one JSON document')
    .action(
      async (dir: string, typed: { keep: string; dryRun?: boolean; json?: boolean }, command: Command) => {
        const { durationMs } = await import('@fxtape/config');
        const { keep, ...options } = typed;
        const keepMs =
          durationMs(keep) ??
          command.error(
            `error: option '--keep <duration>' argument '${keep}' is not a duration such as 30d.`,
            {
              exitCode: 64,
            },
          );
        const { datasetVacuum } = await import('./commands/dataset.ts');
        process.exitCode = await datasetVacuum(dir, { ...options, keepMs });
      },
    );
  dataset
    .command('diff')
    .description('counts the rows that differ between two versions, by day, reason and evidence')
    .argument('<a>', 'folder or s3:// address; DIR@3 is version 3')
    .argument('<b>', 'the same')
    .option('--rows', 'list the rows that differ')
    .option('--json', 'one JSON document')
    .action(async (a: string, b: string, options: { rows?: boolean; json?: boolean }) => {
      const { datasetDiff } = await import('./commands/dataset.ts');
      process.exitCode = await datasetDiff(a, b, options);
    });
}

function addExport(command: Command, readTime: Times): Command {
  return command
    .description('writes a new dataset: version 0')
    .addArgument(new Argument('<kind>', 'what it holds').choices(KINDS))
    .option(
      '-s, --symbol <name>',
      'a symbol, or a pattern such as XAU*; may be repeated; default: all',
      several,
    )
    .option('--feed <name>', 'a feed; may be repeated; default: all', several)
    .option('--account <name>', 'an account, for deals, positions, account_events and gaps', several)
    .addOption(
      new Option('--timeframe <name>', 'a timeframe, for bars; may be repeated; default: all').argParser(
        timeframe,
      ),
    )
    .option('--from <time>', 'ISO 8601 in UTC, or a duration back from now such as 30d; default: everything')
    .option(
      '--to <time>',
      'up to this time, not included; default: a minute ago. Or a text form, alone or with a time: csv, mt5-csv (what MetaTrader imports); the output is then a folder of text files',
      several,
    )
    .option('--as-of <time>', 'rows as they were known at this time')
    .requiredOption('-o, --output <dir>', 'new folder, or s3://bucket/prefix')
    .option('--strict', 'refuse an open gap or a provisional clock rule')
    .option('--with-reception', 'also when and how each row was received; `dataset import` needs it')
    .addOption(
      new Option('--resample <width>', 'bars made from ticks, such as 1s, 5s, 1m, 1h').argParser(width),
    )
    .addOption(
      new Option('--price <side>', 'with --resample: from which price')
        .choices(['bid', 'ask', 'mid'])
        .default('bid'),
    )
    .addOption(
      new Option('--align <clock>', 'with --resample: where a day begins')
        .choices(['utc', 'broker'])
        .default('utc'),
    )
    .option('--dry-run', 'print rows, size and time; write nothing')
    .option('--json', 'one JSON document')
    .action(async (kind: KindName, typed: TypedExport) => {
      const { datasetExport } = await import('./commands/dataset.ts');
      process.exitCode = await datasetExport(kind, await readExport(typed, command, readTime));
    });
}

async function readExport(
  typed: TypedExport,
  command: Command,
  readTime: Times,
): Promise<DatasetExportOptions> {
  const { align, asOf, from, price, resample, to = [], ...rest } = typed;
  const forms = to.filter(isForm);
  const times = to.filter((text) => !isForm(text));
  if (forms.length > 1 || times.length > 1)
    command.error('error: --to takes one time and one form', { exitCode: 64 });
  const [form] = forms;
  if (form !== undefined && rest.strict === true)
    command.error(`error: --strict is for datasets, not for --to ${form}`, { exitCode: 64 });
  const [fromUs, toUs, asOfUs] = [
    await readTime('--from', from, command),
    await readTime('--to', times[0], command),
    await readTime('--as-of', asOf, command),
  ];
  if (fromUs !== undefined && toUs !== undefined && fromUs >= toUs)
    command.error('error: --from must lie before --to', { exitCode: 64 });
  return {
    ...rest,
    ...(form !== undefined && { form }),
    ...(fromUs !== undefined && { from: fromUs }),
    ...(toUs !== undefined && { to: toUs }),
    ...(asOfUs !== undefined && { asOf: asOfUs }),
    ...(resample !== undefined && { resample: { widthUs: resample, price, align } }),
  };
}

const isForm = (text: string): text is Form => (FORMS as readonly string[]).includes(text);

function timeframe(value: string, before: readonly string[] = []): readonly string[] {
  if ((TIMEFRAMES as readonly string[]).includes(value)) return [...before, value];
  throw new InvalidArgumentError(`It must be one of ${TIMEFRAMES.join(', ')}.`);
}

const UNITS_US = { s: 1_000_000, m: 60_000_000, h: 3_600_000_000 } as const;

function width(text: string): number {
  const [, digits, unit] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  if (digits === undefined) throw new InvalidArgumentError('It must be a number of s, m or h, such as 5s.');
  return Number(digits) * UNITS_US[unit as keyof typeof UNITS_US];
}
