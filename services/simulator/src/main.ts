// Runs the simulated gateway as a process. In: environment variables. Out: the gateway, its control API and health port, until a signal.

import { readFileSync } from 'node:fs';
import { beginService, FxtapeError, openHealth } from '@fxtape/ops';
import { simulatorEnv } from './env.ts';
import { readRealDay, realDayScenario } from './real-day.ts';
import { DEMO_SCENARIO, freshTicket, type ScenarioInput } from './scenario.ts';
import { startSimulator } from './start-simulator.ts';

const env = simulatorEnv();
const service = beginService('simulator', env, 5000);
const { log, shutdown } = service;

const simulator = await startSimulator(scenario(), {
  onFileEnd: () =>
    log.warn(
      'the tick file has ended and no tick will follow; the broker’s clock runs on. The file is not played again, because the same ' +
        'ticks would be recorded twice. To play it again, use another FXTAPE_DATA_DIR',
    ),
  addr: env.FXTAPE_SIMULATOR_ADDR,
  controlAddr: env.FXTAPE_SIMULATOR_CONTROL_ADDR,
  ...(env.FXTAPE_SIMULATOR_CONTROL_KEY === undefined ? {} : { controlKey: env.FXTAPE_SIMULATOR_CONTROL_KEY }),
});
shutdown.add('gateway', () => simulator.close());

const health = await openHealth('simulator', env, service, {
  ready: () => ({ ready: true, reasons: [] }),
  json: { '/state': () => simulator.state() },
});

const { life } = simulator.state();
if (life !== null)
  log.info(
    { life },
    'misbehaves as real gateways do: out of sync at first, late, slow, sometimes dropping messages',
  );
log.info(
  { gateway: simulator.addr, control: simulator.controlAddr, health: health.addr },
  `simulated gateway at http://${simulator.addr}/v1`,
);

function scenario(): ScenarioInput {
  const { FXTAPE_DATA_DIR: dataDir, FXTAPE_DEMO_SPEED: speed, FXTAPE_DEMO_SYMBOL: symbol } = env;
  if (env.FXTAPE_SIMULATOR_SCENARIO !== undefined) return readScenario(env.FXTAPE_SIMULATOR_SCENARIO);
  const firstTicket = freshTicket(Date.now());
  if (env.FXTAPE_DEMO_TICKS === undefined)
    return { ...DEMO_SCENARIO, trader: { ...DEMO_SCENARIO.trader, firstTicket } };
  const day = readRealDay(env.FXTAPE_DEMO_TICKS, symbol);
  const [from, to] = [day.fromUtcMs, day.toUtcMs].map((ms) => new Date(ms).toISOString());
  log.info(
    { rows: day.rows, symbol: day.symbol, speed },
    `plays ${day.rows} real ticks of ${day.symbol}, ${from} to ${to}`,
  );
  return { ...realDayScenario(day, { speed, dataDir }), trader: { firstTicket } };
}

function readScenario(path: string): ScenarioInput {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ScenarioInput;
  } catch (cause) {
    throw new FxtapeError({
      code: 'SCENARIO_INVALID',
      message: `${path} cannot be read as a scenario: ${(cause as Error).message}`,
      hint: 'Set FXTAPE_SIMULATOR_SCENARIO to the path of a JSON file, or unset it for the demonstration',
      context: { path },
      cause,
    });
  }
}
