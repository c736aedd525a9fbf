// What other projects' readers see of a table: read.py in an environment with all of them. The readers are installed into the cache (1.3 GB with
// Spark).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { machineEnv, pythonWith, testCache } from '@fxtape/testkit';

export const READERS = ['deltalake', 'pyarrow', 'pandas', 'duckdb', 'polars', 'spark'] as const;
/** Spark is a Python package; Delta for Spark comes as jars. */
const JARS = [
  'io.delta:delta-spark_2.13:4.0.0',
  'io.delta:delta-storage:4.0.0',
  'org.antlr:antlr4-runtime:4.13.1',
];
const MAVEN_COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
const run = promisify(execFile);

export interface Seen {
  readonly reader: string;
  readonly version: number;
  readonly rows: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly sums: { readonly bid: number; readonly utc_offset_s: number };
  readonly in_range: number;
  readonly pruned: number;
  readonly by: readonly (readonly [string, string, number])[];
  readonly types: Readonly<Record<string, string>>;
}

async function jarsOfDelta(): Promise<string> {
  const folder = testCache('spark', 'delta-4.0.0');
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  for (const artifact of JARS)
    await run('mvn', ['-q', '-B', MAVEN_COPY, `-Dartifact=${artifact}`, `-DoutputDirectory=${partial}`], {
      env: { ...machineEnv() },
    }).catch((cause: unknown) => {
      throw new Error('this test needs Maven and JDK 17, for Spark', { cause });
    });
  await rename(partial, folder);
  return folder;
}

/** What each reader sees of each version; times of the range are µs UTC. */
export async function seenBy(
  readers: string,
  folder: string,
  wanted: readonly number[],
  [fromUs, toUs]: readonly [number, number],
): Promise<Seen[]> {
  const python = await pythonWith(join(import.meta.dirname, 'requirements.txt'));
  const args = [
    join(import.meta.dirname, 'read.py'),
    folder,
    `--readers=${readers}`,
    `--versions=${wanted.join()}`,
    '--time=ts',
    '--sum=bid,utc_offset_s',
    '--by=symbol,month',
    `--from-us=${fromUs}`,
    `--to-us=${toUs}`,
    ...(readers.includes('spark') ? ['--jars', await jarsOfDelta()] : []),
  ];
  const { stdout } = await run(python, args, { env: { ...machineEnv() }, maxBuffer: 1e8 });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Seen);
}

/** An order that every reader's rows can be brought into. */
export const compare = (a: readonly unknown[], b: readonly unknown[]): number =>
  JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;

/** The types of ticks as each reader names them. */
export const TYPES: Readonly<
  Record<string, readonly [time: string, double: string, integer: string, text: RegExp]>
> = {
  deltalake: ['timestamp', 'double', 'integer', /^string$/],
  pyarrow: ['timestamp[us, tz=UTC]', 'double', 'int32', /string/],
  pandas: ['datetime64[us, UTC]', 'float64', 'int32', /^(str|object|category)$/],
  duckdb: ['TIMESTAMP WITH TIME ZONE', 'DOUBLE', 'INTEGER', /^VARCHAR$/],
  polars: ["Datetime(time_unit='us', time_zone='UTC')", 'Float64', 'Int32', /^String$/],
  spark: ['timestamp', 'double', 'int', /^string$/],
};
