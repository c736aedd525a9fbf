// Which demonstration `fxtape up` is asked for. In: its options and variables. Out: the name of the demonstration, a short description, and
// the variables for its simulated gateway. A tick file is read here once, so that an invalid one is reported before anything starts.
import { resolve } from 'node:path';
import { DEMO } from '@fxtape/config';
import { type Env, FxtapeError } from '@fxtape/ops';
import type { CliEnv } from './env.ts';

export interface DemoOptions {
  readonly demo?: 'simulated' | 'real';
  readonly ticks?: string;
  readonly symbol?: string;
  readonly speed?: number;
}

export interface Demo {
  readonly name: string;
  readonly title: string;
  /** For the simulated gateway; an empty value is as good as none. */
  readonly env: Env;
}

const NO_FILE: Env = { FXTAPE_DEMO_TICKS: '' };

/** Null when no demonstration was asked for. @throws DEMO_TICKS_MISSING, SIMULATOR_FILE_UNREADABLE, SIMULATOR_FILE_INVALID, SIMULATOR_SYMBOL_UNKNOWN */
export async function demoOf(options: DemoOptions, env: CliEnv): Promise<Demo | null> {
  if (options.demo === undefined) return null;
  if (options.demo === 'simulated')
    return { name: DEMO, title: 'the simulated gateway: a demonstration', env: NO_FILE };
  const { readRealDay, TICK_FORMATS } = await import('@fxtape/simulator/real-day');
  const given = options.ticks ?? env.FXTAPE_DEMO_TICKS;
  if (given === undefined)
    throw new FxtapeError({
      code: 'DEMO_TICKS_MISSING',
      message: '--demo=real replays a tick file, but none was given',
      hint: `Add \`--ticks FILE\` or set FXTAPE_DEMO_TICKS (${TICK_FORMATS}; the symbol comes from the file name, or from --symbol); https://www.histdata.com has free files, a month of one pair each`,
    });
  const day = readRealDay(resolve(given), options.symbol ?? env.FXTAPE_DEMO_SYMBOL);
  const [from] = new Date(day.fromUtcMs).toISOString().split('.');
  const { mostMs, rows: late } = day.late;
  const order = late === 0 ? '' : ` (${late} of them up to ${mostMs} ms out of order: put in order of time)`;
  return {
    name: day.name,
    title: `${day.rows} real ticks of ${day.symbol} from ${from}Z on, as "${day.name}"${order}`,
    env: {
      FXTAPE_DEMO_TICKS: day.path,
      FXTAPE_DEMO_SYMBOL: day.symbol,
      ...(options.speed === undefined ? {} : { FXTAPE_DEMO_SPEED: String(options.speed) }),
    },
  };
}
