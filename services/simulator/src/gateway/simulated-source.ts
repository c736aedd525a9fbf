// The simulated market as the source of a gateway. In: the scenario and its terminals. Out: their routes.

import type { RestAnswer } from '../answers/envelope.ts';
import { notFound } from '../answers/envelope.ts';
import type { Scenario } from '../scenario.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { GatewaySource } from './gateway-source.ts';
import { answerTerminal, publicRoute } from './terminal-routes.ts';
import { answerTrading } from './trading-routes.ts';

export class SimulatedSource implements GatewaySource<Terminal> {
  readonly accounts: readonly Terminal[];
  readonly #scenario: Scenario;
  readonly #settle: () => void;

  /** `settle` brings the market up to date, so that an order meets current quotes. */
  constructor(scenario: Scenario, terminals: readonly Terminal[], settle: () => void) {
    this.accounts = terminals;
    this.#scenario = scenario;
    this.#settle = settle;
  }

  open({ account }: Terminal, path: string, base: string): Promise<RestAnswer | null> {
    return publicRoute(path, { account, history: this.#scenario.history, base });
  }

  read(terminal: Terminal, path: string, query: URLSearchParams): Promise<RestAnswer> {
    terminal.passTime();
    return answerTerminal(path, { terminal, query, scenario: this.#scenario });
  }

  trade(terminal: Terminal, path: string, body: string): RestAnswer {
    this.#settle();
    return answerTrading(terminal, path, body) ?? notFound;
  }
}
