// The environment of the command line, read once and handed to the services it starts. Variables that are not set are taken from the
// `fxtape up` that runs on the same data folder, otherwise from the defaults.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { configVariables, DEMO, engineVariables } from '@fxtape/config';
import { addressOf, type Env, listenAddr, processVariables, readEnv, readVariable } from '@fxtape/ops';
import { z } from 'zod';
import { readStackFile } from './stack-file.ts';

const postgres = addressOf(/^postgres(ql)?$/, 'postgresql://reader:…@127.0.0.1:8812/qdb');

const schema = z.object({
  ...processVariables,
  ...configVariables,
  ...engineVariables,
  FXTAPE_HTTP_ADDR: listenAddr('127.0.0.1:7070'),
  FXTAPE_SIMULATOR_ADDR: listenAddr('127.0.0.1:7080'),
  FXTAPE_SIMULATOR_CONTROL_ADDR: listenAddr('127.0.0.1:7081'),
  FXTAPE_DEMO_TICKS: z.string().optional(),
  FXTAPE_DEMO_SYMBOL: z.string().optional(),
  FXTAPE_COLLECTOR_URL: addressOf(/^https?$/, 'http://collector:7071').optional(),
  QUESTDB_PG_URL: postgres.default('postgresql://admin:quest@127.0.0.1:8812/qdb'),
  /** The same as a user that only reads. */
  QUESTDB_READER_URL: postgres.optional(),
});

export type CliEnv = z.output<typeof schema>;

/** The variables as given, with their defaults. @throws ENV_INVALID */
export const readCliEnv = (env: Env = process.env): CliEnv => readEnv(schema, env);

/**
 * True when the demonstration is recorded: it is asked for, or nothing is given to record. A configuration that is named and missing is not
 * nothing. @throws ENV_INVALID
 */
export const isDemo = (env: CliEnv): boolean =>
  env.FXTAPE_DEMO !== undefined ||
  (!existsSync(env.FXTAPE_CONFIG) && !isGiven('FXTAPE_CONFIG') && !isGiven('FXSOCKET_API_KEY'));

/** Each demonstration has its own folder, so its rows, jobs and tape mix with no others; each tick file is its own demonstration. */
export const demoDataDir = (dataDir: string, demo: string = DEMO): string =>
  demo === DEMO ? join(dataDir, DEMO) : join(dataDir, DEMO, demo);

const demoDataDirs = (dataDir: string): string[] => {
  const simulated = demoDataDir(dataDir);
  const isFolder = statSync(simulated, { throwIfNoEntry: false })?.isDirectory() === true;
  const names = isFolder ? readdirSync(simulated).filter((name) => name.startsWith('real-')) : [];
  return [simulated, ...names.map((name) => demoDataDir(dataDir, name))];
};

/**
 * The same for a command that looks at what runs: the data folder is the one that an `fxtape up` runs on, and the addresses that it chose
 * count as given. @throws ENV_INVALID, RUN_FILE_INVALID
 */
export const readRunningEnv = (): CliEnv => {
  const asked = readCliEnv();
  const demos = demoDataDirs(asked.FXTAPE_DATA_DIR);
  const dirs = isDemo(asked) ? [...demos, asked.FXTAPE_DATA_DIR] : [asked.FXTAPE_DATA_DIR, ...demos];
  const dir = dirs.find((each) => readStackFile(each) !== null) ?? (dirs[0] as string);
  const given = Object.fromEntries(
    Object.entries(readStackFile(dir)?.env ?? {}).filter(([name]) => readVariable(name) === undefined),
  );
  return { ...readCliEnv({ ...process.env, ...given }), FXTAPE_DATA_DIR: dir };
};

/** Everything that the services inherit. */
export const processEnv = (): Env => process.env;

/** `env` with these variables set. One that was given as a file (`NAME_FILE`) counts no more: both at once are an error. */
export function withVariables(env: Env, set: Env): Env {
  const files = new Set(Object.keys(set).map((name) => `${name}_FILE`));
  return { ...Object.fromEntries(Object.entries(env).filter(([name]) => !files.has(name))), ...set };
}

/** The value of a variable that holds a key, or undefined. @throws ENV_INVALID */
export const readKey = (variable: string): string | undefined => readVariable(variable);

/** True when the variable is given, here or as a file. @throws ENV_INVALID */
export const isGiven = (variable: string): boolean => readVariable(variable) !== undefined;
