// Starts a simulated gateway with its control API. In: a scenario and two addresses. Out: the running simulator.
import { ControlServer } from './control.ts';
import { parseScenario, type ScenarioInput } from './scenario.ts';
import { Simulator, type SimulatorOptions } from './simulator.ts';

/** Throws SCENARIO_INVALID, SIMULATOR_FILE_UNREADABLE, SIMULATOR_FILE_INVALID, SIMULATOR_DAY_INVALID, HTTP_LISTEN_FAILED. */
export async function startSimulator(
  scenario: ScenarioInput,
  options: SimulatorOptions = {},
): Promise<Simulator> {
  const { addr = '127.0.0.1:0', controlAddr = '127.0.0.1:0', controlKey } = options;
  const simulator = new Simulator(parseScenario(scenario), options);
  await simulator.start(
    addr,
    controlAddr === null ? null : new ControlServer(simulator, { addr: controlAddr, key: controlKey }),
  );
  return simulator;
}
