// The simulated gateway as a process. In: a scenario. Out: its address and its control API.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@fxtape/stack';
import { type Service, startService } from '../service.ts';
import { GatewayControl } from './gateway-control.ts';

export class SimulatedGateway extends GatewayControl {
  readonly url: string;
  readonly #service: Service;

  private constructor(url: string, control: string, service: Service) {
    super(control);
    this.url = url;
    this.#service = service;
  }

  /** `scenario` is the simulator's JSON; see its README. */
  static async start(o: { dir: string; scenario: object; env?: Readonly<Record<string, string>> }) {
    const dir = join(o.dir, 'simulator');
    mkdirSync(dir, { recursive: true });
    const scenario = join(dir, 'scenario.json');
    writeFileSync(scenario, JSON.stringify(o.scenario));
    const [port, controlPort] = [await freePort(), await freePort()];
    const service = await startService('simulator', {
      dataDir: dir,
      env: {
        FXTAPE_SIMULATOR_ADDR: `127.0.0.1:${port}`,
        FXTAPE_SIMULATOR_CONTROL_ADDR: `127.0.0.1:${controlPort}`,
        FXTAPE_SIMULATOR_SCENARIO: scenario,
        ...o.env,
      },
    });
    const control = `http://127.0.0.1:${controlPort}`;
    return new SimulatedGateway(`http://127.0.0.1:${port}`, control, service);
  }

  get pid(): number {
    return this.#service.pid;
  }

  kill(): Promise<unknown> {
    return this.#service.kill();
  }
}
