// The simulated gateway as its own process, with its control API. In: a scenario. Out: its address, faults on command, and the ledger of
// every tick that its market made with the connection that it was written to.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@fxtape/cli/stack';
import { type Service, startService } from '../service.ts';

/** One tick of the simulated market. `conn` is null where nobody was connected; `withheld` where the gateway dropped it. */
export interface LedgerTick {
  readonly n: number;
  readonly conn: number | null;
  readonly symbol: string;
  readonly brokerMs: number;
  readonly utcMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly withheld: boolean;
}

export interface GatewayState {
  readonly generated: number;
  readonly [field: string]: unknown;
}

export class SimulatedGateway {
  readonly url: string;
  readonly #control: string;
  readonly #service: Service;

  private constructor(url: string, control: string, service: Service) {
    this.url = url;
    this.#control = control;
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
    const control = `http://127.0.0.1:${controlPort}/__fx`;
    return new SimulatedGateway(`http://127.0.0.1:${port}`, control, service);
  }

  get pid(): number {
    return this.#service.pid;
  }

  /** A command of the control API. @throws Error with the answer when it is refused. */
  async command(path: string, body: object = {}): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.#control}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} ${JSON.stringify(body)}: ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  fault(kind: string, parameters: object = {}): Promise<Record<string, unknown>> {
    return this.command('fault', { kind, ...parameters });
  }

  async state(): Promise<GatewayState> {
    return (await (await fetch(`${this.#control}/state`)).json()) as GatewayState;
  }

  async ledger(): Promise<LedgerTick[]> {
    const text = await (await fetch(`${this.#control}/ledger`)).text();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LedgerTick);
  }

  kill(): Promise<unknown> {
    return this.#service.kill();
  }
}
