// The demonstration that replays a file of real ticks. In: the path of the file and an optional symbol. Out: the checked file with its symbol and
// feed name, and the scenario that plays it. The feed is named after the file's content, so that two files never share a series.

import { basename, join } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { ALL_SYMBOLS } from './prices/symbols.ts';
import { readTickFile, type TickFile } from './prices/tick-file.ts';
import type { ScenarioInput } from './scenario.ts';

export { TICK_FORMATS } from './prices/tick-file.ts';

export interface RealDay {
  readonly path: string;
  readonly symbol: string;
  /** Name of the account and feed. */
  readonly name: string;
  readonly rows: number;
  /** Rows that were slightly out of order and were sorted. */
  readonly late: TickFile['late'];
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
}

const CURRENCIES = new Set(ALL_SYMBOLS.flatMap((spec) => [spec.currencyBase, spec.currencyProfit]));

/** Reads the whole file. Throws SIMULATOR_FILE_UNREADABLE, SIMULATOR_FILE_INVALID, SIMULATOR_SYMBOL_UNKNOWN. */
export function readRealDay(path: string, symbol?: string): RealDay {
  return realDayOf(path, readTickFile(path), symbol);
}

function realDayOf(path: string, file: TickFile, symbol = symbolIn(path)): RealDay {
  if (symbol === null)
    throw new FxtapeError({
      code: 'SIMULATOR_SYMBOL_UNKNOWN',
      message: `the name of ${path} does not contain the symbol of its ticks`,
      context: { path },
    });
  return {
    path,
    symbol,
    name: `real-${file.sha256.slice(0, 8)}`,
    rows: file.rows,
    late: file.late,
    fromUtcMs: file.utcMs[0] as number,
    toUtcMs: file.utcMs[file.rows - 1] as number,
  };
}

/** `DAT_ASCII_EURUSD_T_202001.csv` → `EURUSD`; null when no word of the name is a pair. */
function symbolIn(path: string): string | null {
  const words = basename(path)
    .toUpperCase()
    .split(/[^A-Z]+/);
  const isPair = (word: string): boolean =>
    word.length === 6 && CURRENCIES.has(word.slice(0, 3)) && CURRENCIES.has(word.slice(3));
  return words.find(isPair) ?? null;
}

/** One account, without made-up history and without the random trader. */
export function realDayScenario(day: RealDay, options: { speed: number; dataDir: string }): ScenarioInput {
  return {
    accounts: [
      {
        id: '7d3f0c52-91ab-4e6e-b0d4-52c1e8a96f20',
        nickname: 'real',
        server: 'Simulated-Replay',
        login: 20_200_101,
      },
    ],
    source: {
      kind: 'file',
      path: day.path,
      symbol: day.symbol,
      speed: options.speed,
      kept: join(options.dataDir, 'demo', `${day.name}.json`),
    },
    history: { days: 0 },
    ledger: 'counts',
  };
}
