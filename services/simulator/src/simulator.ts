// The simulated gateway as a whole. In: a scenario and two addresses. Out: a running gateway with its control API, and the same controls as methods
// for tests in this process.

import { systemClock } from '@fxtape/ops';
import { buildSource } from './broker/build-source.ts';
import type { Market } from './broker/market.ts';
import type { SymbolSpec } from './prices/symbols.ts';
import type { EmittedTick, TickSource } from './prices/tick-source.ts';
import { Engine } from './engine.ts';
import { type FaultInput, FaultRegistry, type FaultReport } from './faults/registry.ts';
import { Gateway } from './gateway/gateway.ts';
import type { Injection } from './gateway/injected.ts';
import { type AccountChanges, Management } from './gateway/management.ts';
import type { RequestReport } from './gateway/request-counts.ts';
import { SimulatedSource } from './gateway/simulated-source.ts';
import type { Timeframe } from './history/timeframe.ts';
import type { LedgerLine } from './ledger.ts';
import { Life, lifelike } from './life.ts';
import { pace } from './pace.ts';
import { accountSchema, type AccountSpec, type Scenario } from './scenario.ts';
import { simulatorState, type WholeState } from './state.ts';
import { Terminal } from './terminal/terminal.ts';
import { barHolding, type TruthBar, truthBars, truthDeals, truthPositions, type TruthRow } from './truth.ts';

/** A round trip of `symbol` opened at `utcMs`, or without a symbol a balance correction by `amount`. */
export interface LateDealInput {
  /** Default: the first account. */
  readonly account?: string | undefined;
  readonly utcMs: number;
  readonly symbol?: string | undefined;
  /** Until it is closed; default a minute. */
  readonly holdMs?: number | undefined;
  readonly amount?: number | undefined;
}

/** New figures for the bar of `symbol` that contains `utcMs`; null undoes an earlier change. High and low follow unless given. */
export interface RevisionInput {
  readonly symbol: string;
  /** Default M1. */
  readonly timeframe?: Timeframe | undefined;
  readonly utcMs: number;
  readonly change: {
    readonly open?: number | undefined;
    readonly high?: number | undefined;
    readonly low?: number | undefined;
    readonly close?: number | undefined;
    readonly tickVolume?: number | undefined;
    readonly spread?: number | undefined;
  } | null;
}

export interface SimulatorOptions {
  /** `host:port` of the gateway; port 0 takes a free one. */
  readonly addr?: string;
  /** `host:port` of the control API; null for none. */
  readonly controlAddr?: string | null;
  /** Key of the control API (header `X-Control-Key`); default: none required. */
  readonly controlKey?: string;
  /** Called when the simulation cannot continue. Default: the error ends the process. */
  readonly onError?: (error: unknown) => void;
  /** Called when the tick file has ended, now or in an earlier run. */
  readonly onFileEnd?: () => void;
  /** Wall clock and monotonic clock. */
  readonly clock?: { nowMs(): number; monoMs(): number };
}

/** Serves this simulator's control API. */
interface Control {
  readonly addr: string | null;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export class Simulator {
  readonly #scenario: Scenario;
  readonly #clock: { nowMs(): number; monoMs(): number };
  readonly #market: Market;
  readonly #source: TickSource;
  /** Changes as accounts are linked and unlinked; shared with the parts below. */
  readonly #terminals: Terminal[];
  readonly #engine: Engine;
  readonly #gateway: Gateway<Terminal>;
  readonly #faults: FaultRegistry;
  readonly #life: Life | null;
  #control: Control | null = null;
  #addr = '';

  /** Use `startSimulator` (start-simulator.ts). */
  constructor(asked: Scenario, options: SimulatorOptions) {
    const scenario = lifelike(asked);
    this.#scenario = scenario;
    this.#clock = options.clock ?? systemClock();
    const onError = options.onError ?? rethrow;
    const monoMs = (): number => this.#clock.monoMs();
    const onFileEnd = options.onFileEnd ?? (() => {});
    const built = buildSource(scenario, { clock: this.#clock, onFileEnd });
    this.#market = built.market;
    this.#source = built.source;
    const terminalOf = (account: AccountSpec): Terminal =>
      new Terminal({
        scenario,
        account,
        market: built.market,
        startUtcMs: built.startUtcMs,
        nowUtcMs: () => built.source.nowUtcMs(monoMs()),
        monoMs,
        wallMs: () => this.#clock.nowMs(),
      });
    this.#terminals = scenario.accounts.map(terminalOf);
    this.#engine = new Engine({
      market: built.market,
      source: built.source,
      terminals: this.#terminals,
      monoMs,
      heartbeatMs: scenario.heartbeatMs,
      ...pace(scenario),
      forget: scenario.ledger === 'counts',
      onError,
    });
    this.#faults = new FaultRegistry(this.#terminals);
    this.#life = scenario.life === null ? null : new Life(scenario.life, scenario, this.#terminals);
    const served = new SimulatedSource(scenario, this.#terminals, () => this.#engine.slice());
    const management = new Management(this.#terminals, this.#accountChanges(terminalOf));
    this.#gateway = new Gateway(served, { keys: scenario.keys, management, monoMs, onError });
  }

  /** `host:port` of the gateway. */
  get addr(): string {
    return this.#addr;
  }

  /** `host:port` of the control API, or null. */
  get controlAddr(): string | null {
    return this.#control?.addr ?? null;
  }

  /** `control`: null for none. */
  async start(addr: string, control: Control | null): Promise<void> {
    this.#addr = await this.#gateway.listen(addr);
    this.#control = control;
    await control?.listen();
    for (const terminal of this.#terminals) this.#life?.begin(terminal);
    this.#engine.start();
  }

  /** Applies a fault. Throws FAULT_INVALID. */
  fault(input: FaultInput): FaultReport {
    return this.#faults.apply(input);
  }

  /** Ends lasting faults that match, or all. Returns their number. */
  release(
    filter: { id?: number | undefined; kind?: string | undefined; account?: string | undefined } = {},
  ): number {
    return this.#faults.release(filter);
  }

  /** Ticks per virtual second from now on, all symbols together. */
  setRate(ticksPerSecond: number): void {
    this.#engine.slice();
    this.#source.setRate(ticksPerSecond);
  }

  /**
   * Stops making ticks; heartbeats continue. Resolves when the sockets have taken everything, or with false after the deadline.
   */
  pause(deadlineMs = 5000): Promise<boolean> {
    return this.#engine.pause(deadlineMs);
  }

  resume(): void {
    this.#engine.resume();
  }

  /** Moves the virtual clock forwards, changes its speed, or gives an account's broker another clock rule. */
  setClock(change: { utcMs?: number; speed?: number; account?: string; rule?: string }): void {
    this.#engine.slice();
    if (change.utcMs !== undefined || change.speed !== undefined)
      this.#source.setClock(this.#clock.monoMs(), change);
    if (change.rule === undefined) return;
    for (const terminal of this.#terminals)
      if (change.account === undefined || terminal.account.id === change.account)
        terminal.changeClockRule(change.rule);
  }

  /** Makes these ticks of one symbol now. Returns the number of the first. Throws RangeError for an unknown symbol. */
  emit(symbol: string, ticks: readonly ({ bid: number; ask: number } | null)[]): number {
    const index = this.#market.indexOf(symbol);
    const spec = this.#market.symbols[index];
    if (spec === undefined) throw new RangeError(`there is no symbol ${symbol}`);
    const scale = 10 ** spec.digits;
    const inPoints = ticks.map(
      (tick): EmittedTick =>
        tick === null ? null : { bid: Math.round(tick.bid * scale), ask: Math.round(tick.ask * scale) },
    );
    return this.#engine.emit(index, inPoints);
  }

  /**
   * Ledger lines of ticks above `after`; null when the ledger keeps counts only. Default: the first account.
   * Throws RangeError for an unknown account.
   */
  ledger(account?: string, after = 0): IterableIterator<LedgerLine> | null {
    return this.#terminal(account).ledger.lines(after);
  }

  /** The true bars that open in [fromUtcMs, toUtcMs). Throws RangeError for an unknown account or symbol. */
  truthBars(of: {
    symbol: string;
    timeframe: Timeframe;
    fromUtcMs: number;
    toUtcMs: number;
    account?: string | undefined;
  }): IterableIterator<TruthBar> {
    return truthBars(this.#terminal(of.account), of);
  }

  /** Every deal of an account, also those from before the start. */
  truthDeals(account?: string): Promise<TruthRow[]> {
    return truthDeals(this.#terminal(account));
  }

  /** Every closed position of an account, also those from before the start. */
  truthPositions(account?: string): Promise<TruthRow[]> {
    return truthPositions(this.#terminal(account));
  }

  /**
   * Adds a deal with a past time and without a `trade` frame to an account's history: a round trip, or without a symbol a balance correction.
   * Returns the deals as `truthDeals` lists them. Throws RangeError.
   */
  async lateDeal(late: LateDealInput): Promise<TruthRow[]> {
    this.#engine.slice();
    const terminal = this.#terminal(late.account);
    await terminal.history.ready();
    const { utcMs, holdMs = 60_000, symbol, amount = 0 } = late;
    const index = symbol === undefined ? null : terminal.market.indexOf(symbol);
    if (index === -1) throw new RangeError(`there is no symbol ${symbol}`);
    if (utcMs + (index === null ? 0 : holdMs) > terminal.nowUtcMs())
      throw new RangeError('a late deal lies in the past, its end included');
    const added = terminal.history.addLate({ utcMs, symbol: index, holdMs, amount });
    return added.map((deal) => ({ ...terminal.rows.deal(deal), utcMs: deal.utcMs }));
  }

  /**
   * Changes a closed bar: a minute and every bar folded from it, or one bar of a longer timeframe; null undoes the change. Returns the bar before
   * and after, in the first account's clock. Throws RangeError.
   */
  revise(of: RevisionInput): { before: TruthBar; after: TruthBar } {
    this.#engine.slice();
    const { symbol, timeframe = 'M1', utcMs, change } = of;
    const [terminal] = this.#terminals as [Terminal];
    const index = this.#market.indexOf(symbol);
    const before = barHolding(terminal, { symbol, timeframe, utcMs });
    if (!before.closed) throw new RangeError('a bar that is not closed yet cannot be revised');
    const scale = 10 ** (this.#market.symbols[index] as SymbolSpec).digits;
    const points = (price: number | undefined): number | undefined =>
      price === undefined ? undefined : Math.round(price * scale);
    this.#market.bars[index]?.revisions.set(
      timeframe,
      utcMs,
      change && {
        open: points(change.open),
        high: points(change.high),
        low: points(change.low),
        close: points(change.close),
        volume: change.tickVolume,
        spread: change.spread,
      },
    );
    return { before, after: barHolding(terminal, { symbol, timeframe, utcMs }) };
  }

  /** Queues a canned reply for the next matching request. */
  inject(injection: Injection): void {
    this.#gateway.injected.queue(injection);
  }

  /** Canned replies that are still waiting. */
  injected(): readonly Injection[] {
    return this.#gateway.injected.waiting;
  }

  /** REST requests since the start or the last reset. */
  requests(): RequestReport {
    return this.#gateway.requests.report();
  }

  resetRequests(): void {
    this.#gateway.requests.reset();
  }

  /** The last quote of each symbol, including initial quotes from before the first tick. */
  quotes(account?: string): Record<string, unknown>[] {
    const terminal = this.#terminal(account);
    return terminal.market.symbols.flatMap((spec, i) => {
      const tick = terminal.lastSeen(i);
      if (tick === null) return [];
      const scale = 10 ** spec.digits;
      const brokerMs = terminal.clock().brokerMs(tick.utcMs);
      return [
        {
          symbol: spec.name,
          n: tick.n,
          utcMs: tick.utcMs,
          brokerMs,
          bid: tick.bid / scale,
          ask: tick.ask / scale,
        },
      ];
    });
  }

  state(): WholeState {
    return simulatorState({
      market: this.#market,
      source: this.#source,
      terminals: this.#terminals,
      nowUtcMs: this.#source.nowUtcMs(this.#clock.monoMs()),
      faults: this.#faults.active,
      scenario: this.#scenario,
    });
  }

  /** The gateway refuses connections for this long. */
  stopListening(ms: number): Promise<void> {
    return this.#gateway.stopListening(ms);
  }

  async close(): Promise<void> {
    this.#life?.end();
    this.#faults.release();
    this.#engine.stop();
    this.#source.close(this.#clock.monoMs());
    await this.#gateway.close();
    await this.#control?.close();
  }

  /** How `/v1` changes the simulation. */
  #accountChanges(terminalOf: (account: AccountSpec) => Terminal): AccountChanges<Terminal> {
    const { accounts, linking } = this.#scenario;
    const restart = ({ account }: Terminal): void => {
      const ms = linking.connectMs;
      this.#faults.apply({ kind: 'terminal_restart', account: account.id, ms });
    };
    return {
      rules: linking,
      servers: linking.servers ?? accounts.map(({ server }) => server),
      link: (account) => {
        const terminal = terminalOf(accountSchema.parse(account));
        this.#terminals.push(terminal);
        this.#engine.adopt(terminal);
        this.#life?.begin(terminal);
        restart(terminal);
        return terminal;
      },
      unlink: (terminal) => {
        this.#faults.release({ account: terminal.account.id });
        this.#terminals.splice(this.#terminals.indexOf(terminal), 1);
        terminal.connection?.close(1001, 'account was unlinked', 'unlinked');
      },
      restart,
      wallMs: () => this.#clock.nowMs(),
    };
  }

  #terminal(account: string | undefined): Terminal {
    const found =
      account === undefined ? this.#terminals[0] : this.#terminals.find((one) => one.account.id === account);
    if (found === undefined) throw new RangeError(`there is no account ${account}`);
    return found;
  }
}

function rethrow(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
