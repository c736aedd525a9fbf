// The control API of a simulated gateway, wherever it runs. In: its address. Out: faults on command, its state, and the ledger of every
// tick that its market made with the connection that it was written to.

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

export class GatewayControl {
  readonly #control: string;

  /** `http://host:port` of the control API. */
  constructor(controlUrl: string) {
    this.#control = `${controlUrl}/__fx`;
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
}
