// A route of a terminal: a function of the account and the query.

import type { Scenario } from '../scenario.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { RestAnswer } from '../answers/envelope.ts';

export interface RouteContext {
  readonly terminal: Terminal;
  readonly query: URLSearchParams;
  readonly scenario: Scenario;
}

export type Route = (context: RouteContext) => RestAnswer | Promise<RestAnswer>;
