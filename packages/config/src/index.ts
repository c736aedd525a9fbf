// The public surface of @fxtape/config: fxtape.yaml, parsed once and the same way by every process that reads it.
export {
  type AccountConfig,
  type BackfillConfig,
  type Config,
  type Depth,
  TIMEFRAMES,
  type Timeframe,
} from './config.ts';
export { DEMO, DEMO_API_KEY, demoConfig } from './demo.ts';
export { durationMs, formatDuration } from './duration.ts';
export { configInForce, configVariables, engineVariables, followConfig } from './in-force.ts';
export { configJsonSchema } from './json-schema.ts';
export { loadConfig, readConfigText } from './load.ts';
export { matchAccount } from './match-account.ts';
export { matchSymbols } from './match-symbols.ts';
export { parseConfig } from './parse.ts';
export { requireKey } from './require-key.ts';
export { setClock } from './set-clock.ts';
export { configDocument, showConfig } from './show.ts';
export { requireName, unknownName } from './unknown-name.ts';
export { watchConfig } from './watch.ts';
