// `fxtape doctor`: one account's terminal. In: its configuration and its routes. Out: whether the routes that the recorder reads answer and
// how fast, which of the configured symbols the broker lists, whether the clock rule agrees with the broker's clock today, whether its
// OpenAPI document still matches what this client relies on, and what history it offers.
import type { TapeOwner } from '@fxtape/collector';
import { type AccountConfig, matchSymbols } from '@fxtape/config';
import { FxSocketError, type FxSocketRest, type ServerTimezone } from '@fxtape/fxsocket';
import { gatewayHint } from '../failure-line.ts';
import { count } from '../print/quantity.ts';
import { type Check, failed, ok, warning } from './check.ts';
import { clockCheck } from './clock.ts';
import { type HistoryOffer, tickRouteOf } from './depth.ts';
import { driftCheck } from './drift.ts';

const DEADLINE_MS = 8000;
const SHOWN_SYMBOLS = 5;

export async function examineTerminal(
  account: AccountConfig,
  rest: FxSocketRest,
  owner: TapeOwner | null,
): Promise<{ checks: Check[]; offer: HistoryOffer }> {
  const routes = new Routes();
  const options = { deadlineMs: DEADLINE_MS };
  const status = await routes.ask('/status', () => rest.status(options));
  const timezone = await routes.ask('/ServerTimezone', () => rest.serverTimezone(options));
  const listed = await routes.ask('/symbols', () => rest.symbols(options));
  const found = matchSymbols(account.marketData?.symbols ?? [], listed ?? []);
  const first = found.matched[0];
  if (first !== undefined) {
    await routes.ask('/SymbolInfo', () => rest.symbolInfo(first, options));
    await routes.ask('/getQuote', () => rest.quote(first, options));
  }
  await routes.ask('/AccountSummary', () => rest.accountSummary(options));
  // Recording does not need the document, so a failure is not reported as one.
  const document = await rest.openApi(options).catch((error: unknown) => {
    if (error instanceof FxSocketError) return null;
    throw error;
  });
  const offer: HistoryOffer = { account, symbols: found.matched, quoteTicks: tickRouteOf(document) };
  const checks = [
    routes.check(`routes of ${account.name}`),
    ...(status === null ? [] : [terminalCheck(account.name, status)]),
    ...(listed === null || account.marketData === null ? [] : [symbolsCheck(account, found, listed.length)]),
    ...(timezone === null ? [] : [clockOf(account, timezone, owner)]),
    driftCheck(`OpenAPI of ${account.name}`, document),
  ];
  return { checks, offer };
}

type Status = Awaited<ReturnType<FxSocketRest['status']>>;

function terminalCheck(account: string, { account: login, broker, status, terminal }: Status): Check {
  const name = `terminal of ${account}`;
  const facts = [
    `reports ${status}`,
    terminal.alive ? 'runs' : 'does not run',
    broker.connected ? 'is connected to the broker' : 'is not connected to the broker',
    login.loggedIn ? 'is logged in' : 'is not logged in',
  ];
  const well = terminal.alive && broker.connected && login.loggedIn;
  if (well) return ok(name, ...facts);
  return failed(
    name,
    facts,
    'Check the account on FxSocket: until the terminal is back, the missing data is a gap',
    'TERMINAL_NOT_READY',
  );
}

function symbolsCheck(
  account: AccountConfig,
  { matched, unknown }: { matched: readonly string[]; unknown: readonly string[] },
  listed: number,
): Check {
  const name = `symbols of ${account.name}`;
  const facts = [`the broker lists ${listed}`, `${matched.length} of them are recorded`];
  const todo = 'Correct `symbols` in the configuration: spell them as the broker does';
  if (matched.length === 0) return failed(name, facts, todo, 'NO_SYMBOL');
  if (unknown.length === 0) return ok(name, ...facts);
  const shown = unknown.slice(0, SHOWN_SYMBOLS).join(', ');
  const more = unknown.length > SHOWN_SYMBOLS ? ` and ${unknown.length - SHOWN_SYMBOLS} more` : '';
  return warning(name, [...facts, `it does not list ${shown}${more}`], todo);
}

function clockOf(account: AccountConfig, timezone: ServerTimezone, owner: TapeOwner | null): Check {
  return clockCheck({
    name: `clock of ${account.name}`,
    configured: account.clock,
    onTape: owner?.spans.at(-1)?.rule ?? null,
    statedS: timezone.utcOffsetSeconds,
    serverTime: timezone.serverTime,
    nowMs: Date.now(),
  });
}

/** Calls routes one after the other, and collects how each answered. */
class Routes {
  readonly #answers: string[] = [];
  readonly #failures: FxSocketError[] = [];

  /** The answer, or null when the route failed. */
  async ask<T>(route: string, call: () => Promise<T>): Promise<T | null> {
    const startedMs = performance.now();
    try {
      const answer = await call();
      this.#answers.push(`${route} ${Math.round(performance.now() - startedMs)} ms`);
      return answer;
    } catch (error) {
      if (!(error instanceof FxSocketError)) throw error;
      this.#failures.push(error);
      return null;
    }
  }

  check(name: string): Check {
    const answered = `${count(this.#answers.length, 'route')} answer: ${this.#answers.join(', ')}`;
    const [first] = this.#failures;
    if (first === undefined) return ok(name, answered);
    const facts = [...this.#failures.map((error) => error.message), answered];
    return failed(name, facts, gatewayHint(first), first.code);
  }
}
