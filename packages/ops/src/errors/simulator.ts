// Errors of the simulated gateway and its paper trader.
import { terminal } from './entry.ts';

export const simulatorErrors = {
  SCENARIO_INVALID: terminal(
    'the scenario file cannot be read, has an unknown or wrong field, or names a symbol that the simulated broker does not list',
    'Correct the fields that the message names',
  ),
  PAPER_TRADER_REFUSED: terminal(
    "the demonstration's paper trader was pointed at a gateway on another machine",
    'Set FXSOCKET_BASE_URL to the address of the simulated gateway, or do not start the paper trader',
  ),
  SIMULATOR_FILE_INVALID: terminal(
    'a tick file is neither CSV with the header `utc_ms,bid,ask` nor HistData.com ASCII ticks, or its times are not in milliseconds, or step back by more than five seconds; the message names the line and the reason',
    'Correct the line, or use another file',
  ),
  SIMULATOR_FILE_UNREADABLE: terminal(
    'the tick file does not exist, cannot be read, or is compressed or UTF-16',
    'Give the path of a readable, uncompressed file; save it as UTF-8',
  ),
  SIMULATOR_SYMBOL_UNKNOWN: terminal(
    'the name of a tick file does not contain its symbol',
    'Give it with `--symbol EURUSD`, or set FXTAPE_DEMO_SYMBOL',
  ),
  SIMULATOR_DAY_INVALID: terminal(
    'the record of how far a tick file was played, kept in the data folder, cannot be read or belongs to another file',
    'Use another data folder: without this file the same ticks would be played and recorded again',
  ),
  SIMULATOR_SOURCE_CANNOT: terminal(
    'the rate, the clock or single ticks were to be set on a simulator that replays a file',
    'Start the simulator with a source of kind "market" to do this',
  ),
  FAULT_INVALID: terminal(
    'a fault has an unknown kind, a wrong parameter, or an unknown account',
    'Correct the request; services/simulator/README.md lists every fault',
  ),
  LEDGER_COUNTS_ONLY: terminal(
    'the ledger was asked for lines, but the scenario keeps only counts',
    'Start the simulator with "ledger": "full"',
  ),
};
