// The options of all benchmarks: how long and how often to measure. In: the arguments after the name. Out: the options. `--short` only tries
// whether a benchmark works; its figures mean little.
export interface BenchOptions {
  readonly short: boolean;
  readonly runs: number;
  /** Length of a sustained measurement, seconds. */
  readonly seconds: number;
  /** Write CPU profiles of the measured processes into this folder. */
  readonly profileDir: string | null;
}

/** @throws Error for an unknown argument */
export function benchOptions(args: readonly string[]): BenchOptions {
  const value = (name: string): string | null =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? null;
  const unknown = args.find((arg) => arg !== '--short' && !/^--(runs|seconds|profile)=/.test(arg));
  if (unknown !== undefined)
    throw new Error(`${unknown} is not known; there are --short, --runs=N, --seconds=N, --profile=FOLDER`);
  const short = args.includes('--short');
  return {
    short,
    runs: Number(value('runs') ?? (short ? 1 : 5)),
    seconds: Number(value('seconds') ?? (short ? 8 : 60)),
    profileDir: value('profile'),
  };
}
