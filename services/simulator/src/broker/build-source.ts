// Builds the market and its tick source from a scenario. In: the scenario and the clocks. Out: both, ready to run.

import type { Scenario } from '../scenario.ts';
import { FileSource } from './file-source.ts';
import { KeptDay } from '../prices/kept-day.ts';
import { Market } from './market.ts';
import { MarketSource } from './market-source.ts';
import { ALL_SYMBOLS, findSymbols, type SymbolSpec } from '../prices/symbols.ts';
import { readTickFile, type TickFile } from '../prices/tick-file.ts';
import type { TickSource } from '../prices/tick-source.ts';

export interface BuiltSource {
  readonly market: Market;
  readonly source: TickSource;
  /** First instant of virtual time that has ticks. */
  readonly startUtcMs: number;
}

export interface SourceSurroundings {
  readonly clock: { nowMs(): number; monoMs(): number };
  /** Called when the file was played to its end. */
  readonly onFileEnd: () => void;
}

/** Throws SCENARIO_INVALID for an unknown symbol, SIMULATOR_FILE_UNREADABLE, SIMULATOR_FILE_INVALID, SIMULATOR_DAY_INVALID. */
export function buildSource(scenario: Scenario, { clock, onFileEnd }: SourceSurroundings): BuiltSource {
  const { seed, history, holidays, source } = scenario;
  const monoMs = clock.monoMs();
  if (source.kind === 'file') {
    const file = readTickFile(source.path);
    const startUtcMs = file.utcMs[0] as number;
    const spec = fileSymbol(source.symbol, file);
    const market = new Market([spec], { seed, startUtcMs, historyDays: history.days, holidays });
    const { sha256 } = file;
    const kept =
      source.kept === undefined ? null : new KeptDay(source.kept, { sha256, wallMs: () => clock.nowMs() });
    return {
      market,
      source: new FileSource(market, file, { speed: source.speed, monoMs, kept, onEnd: onFileEnd }),
      startUtcMs,
    };
  }
  const startUtcMs = source.startUtc === undefined ? clock.nowMs() : Date.parse(source.startUtc);
  const symbols = source.symbols === undefined ? ALL_SYMBOLS : findSymbols(source.symbols);
  const market = new Market(symbols, { seed, startUtcMs, historyDays: history.days, holidays });
  market.quoteFromBefore(startUtcMs);
  const { ticksPerSecond, speed } = source;
  return {
    market,
    source: new MarketSource(market, { seed, startUtcMs, monoMs, speed, ticksPerSecond }),
    startUtcMs,
  };
}

/** The file's symbol: the broker's data where it lists the symbol, with the file's digits and first price. */
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
