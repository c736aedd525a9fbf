// From a scenario's `source` to a market and what makes its ticks. In: the scenario and the time. Out: both, ready to run.

import type { Scenario } from '../scenario.ts';
import { FileSource } from './file-source.ts';
import { Market } from './market.ts';
import { MarketSource } from './market-source.ts';
import { ALL_SYMBOLS, findSymbols, type SymbolSpec } from './symbols.ts';
import { readTickFile, type TickFile } from './tick-file.ts';
import type { TickSource } from './tick-source.ts';

export interface BuiltSource {
  readonly market: Market;
  readonly source: TickSource;
  /** First instant of virtual time that has ticks. */
  readonly startUtcMs: number;
}

/** Throws SCENARIO_INVALID for an unknown symbol, SIMULATOR_FILE_INVALID for a bad file. */
export function buildSource(scenario: Scenario, now: { wallMs: number; monoMs: number }): BuiltSource {
  const { seed, history, holidays, source } = scenario;
  if (source.kind === 'file') {
    const file = readTickFile(source.path);
    const startUtcMs = file.utcMs[0] as number;
    const spec = fileSymbol(source.symbol, file);
    const market = new Market([spec], { seed, startUtcMs, historyDays: history.days, holidays });
    return {
      market,
      source: new FileSource(market, file, { speed: source.speed, monoMs: now.monoMs }),
      startUtcMs,
    };
  }
  const startUtcMs = source.startUtc === undefined ? now.wallMs : Date.parse(source.startUtc);
  const symbols = source.symbols === undefined ? ALL_SYMBOLS : findSymbols(source.symbols);
  const market = new Market(symbols, { seed, startUtcMs, historyDays: history.days, holidays });
  market.quoteFromBefore(startUtcMs);
  const { ticksPerSecond, speed } = source;
  return {
    market,
    source: new MarketSource(market, { seed, startUtcMs, monoMs: now.monoMs, speed, ticksPerSecond }),
    startUtcMs,
  };
}

/** The file's symbol: its own facts where the broker knows it, the digits and the price that the file has. */
function fileSymbol(name: string, file: TickFile): SymbolSpec {
  const scale = 10 ** file.digits;
  const bid = file.bid[0] as number;
  const known = ALL_SYMBOLS.find((spec) => spec.name === name);
  const usual: SymbolSpec = known ?? {
    name,
    description: name,
    kind: 'fx',
    digits: file.digits,
    anchor: bid / scale,
    spreadPoints: 1,
    dailyMove: 0.005,
    contractSize: 100_000,
    currencyBase: name.slice(0, 3),
    currencyProfit: name.slice(3, 6),
    weight: 1,
  };
  return {
    ...usual,
    digits: file.digits,
    anchor: bid / scale,
    spreadPoints: Math.max(1, (file.ask[0] as number) - bid),
  };
}
