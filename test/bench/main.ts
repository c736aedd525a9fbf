// Runs the benchmarks: `npm run bench` all of them, `npm run bench -- NAME [--short] [--runs=N] [--seconds=N] [--profile=FOLDER]` one. They print
// our figures next to those of the alternatives and assert nothing about time.
import { accounts } from './accounts.ts';
import { bars } from './bars.ts';
import { clock } from './clock.ts';
import { clockApply } from './clock-apply.ts';
import { concurrency } from './concurrency.ts';
import { dataset } from './dataset.ts';
import { encode } from './encode.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { benchOptions } from './options.ts';
import { pipeline } from './pipeline.ts';
import { planner } from './planner.ts';
import { replay } from './replay.ts';
import { simulator } from './simulator.ts';
import { start } from './start.ts';
import { whole } from './whole.ts';

const benches = {
  pipeline,
  encode,
  whole,
  latency,
  memory,
  accounts,
  start,
  planner,
  bars,
  concurrency,
  clock,
  'clock-apply': clockApply,
  dataset,
  simulator,
  replay,
};

const [first, ...rest] = process.argv.slice(2).filter((argument) => argument !== '--');
const named = first !== undefined && !first.startsWith('-');
const names = named ? first.split(',') : Object.keys(benches);
const options = benchOptions(named || first === undefined ? rest : [first, ...rest]);
for (const name of names) {
  const bench = (benches as Record<string, ((o: typeof options) => Promise<void>) | undefined>)[name];
  if (bench === undefined)
    throw new Error(`there is no benchmark "${name}"; there are ${Object.keys(benches).join(', ')}`);
  await bench(options);
}
