// One account's terminal: connection, clock, trading, ledger, and the faults that act on them. In: the market's ticks, slice by slice, and upgraded
// sockets. Out: frames for the one open socket, and the account's data for REST and for tests.

import type { Socket } from 'node:net';
import type { Topic } from '@fxtape/fxsocket';
import type { WebSocket } from 'ws';
import { BrokerClock } from '../prices/broker-clock.ts';
import { type Market, type MarketView, type MinuteClosed, spelled } from '../broker/market.ts';
import { SLOT_MS } from '../prices/session.ts';
import { CHUNK_MASK, type LastTick } from '../prices/tick-tape.ts';
import { AccountLedger } from '../ledger.ts';
import type { AccountSpec, Scenario } from '../scenario.ts';
import { Connection, type ConnectionHost } from '../socket/connection.ts';
import { toJson } from '../socket/json.ts';
import { heartbeat } from '../socket/messages.ts';
import { TickEncoder } from '../socket/tick-encoder.ts';
import type { Money } from '../trading/money.ts';
import type { OrderDesk } from '../trading/order-desk.ts';
import type { Deal } from '../trading/records.ts';
import { TradingAccount } from '../trading/trading-account.ts';
import { AccountRows } from './account-rows.ts';
import { type Conditions, conditionsAtRest, executionUnder } from '../conditions.ts';
import { SeenQuotes } from './seen-quotes.ts';
import { pastTrades } from './past-trading.ts';
import { TradeHistory } from './trade-history.ts';

/** A connection of the account, as `/__fx/state` shows it. */
export interface ConnectionRecord {
  readonly conn: number;
  readonly openedAtMs: number;
  closedAtMs: number | null;
  code: number | null;
  /** Fault or event of the server that ended it; null when the client did. */
  endedBy: string | null;
}

const DEALS_ABOVE_TICKETS = 1_000_000_000n;

export interface TerminalOptions {
  readonly scenario: Scenario;
  readonly account: AccountSpec;
  readonly market: Market;
  readonly startUtcMs: number;
  readonly nowUtcMs: () => number;
  readonly monoMs: () => number;
  readonly wallMs: () => number;
}

export class Terminal implements ConnectionHost {
  readonly account: AccountSpec;
  readonly market: MarketView;
  readonly encoder: TickEncoder;
  readonly ledger: AccountLedger;
  readonly conditions: Conditions;
  /** All deals and closed positions. */
  readonly history: TradeHistory;
  readonly rows: AccountRows;
  readonly snapshotWaitMs: number;
  readonly connections: ConnectionRecord[] = [];
  readonly #o: TerminalOptions;
  readonly #trading: TradingAccount;
  readonly #seen: SeenQuotes;
  readonly #linkDownBy = new Set<string>();
  #linkDownSinceUtcMs = 0;
  #clock: BrokerClock;
  #connection: Connection | null = null;
  #sentState = new Map<Topic, string>();
  /** Called when a socket has room again. */
  onRoom: () => void = () => {};

  constructor(options: TerminalOptions) {
    const { scenario, account } = options;
    const market = spelled(options.market, account.suffix);
    this.#o = options;
    this.account = account;
    this.market = market;
    this.snapshotWaitMs = scenario.snapshotWaitMs;
    this.#clock = new BrokerClock(account.clockRule);
    this.encoder = new TickEncoder(market.symbols, this.#clock);
    this.ledger = new AccountLedger({
      account: account.id,
      market,
      clock: this.#clock,
      mode: scenario.ledger,
    });
    this.conditions = conditionsAtRest(scenario);
    this.#seen = new SeenQuotes(market.tape, market.symbols.length);
    const trader = account.tradesLike ?? account.id;
    const identity = { seed: scenario.seed, account: trader, startUtcMs: options.startUtcMs };
    const { dealsPerHour, startBalance } = scenario.trader;
    const firstTicket = BigInt(scenario.trader.firstTicket);
    const firstDeal = firstTicket + DEALS_ABOVE_TICKETS;
    const clock = (): BrokerClock => this.#clock;
    this.#trading = new TradingAccount({
      ...identity,
      symbols: market.symbols,
      platform: account.platform,
      netting: account.marginMode === 'Netting',
      leverage: account.leverage,
      dealsPerHour,
      startBalance,
      firstTicket,
      firstDeal,
      clock,
      isOpen: ({ kind }, utcMs) => market.isOpen(kind, utcMs),
      isConnected: () => this.linkUp,
      execution: () => executionUnder(this.conditions),
      lastQuote: (symbol) => market.tape.lastTick(symbol),
    });
    const { book } = this.#trading;
    this.history = new TradeHistory(market, book, () =>
      pastTrades(market, { ...identity, ...scenario.history.trader, startBalance, firstTicket, firstDeal }),
    );
    this.rows = new AccountRows(account, { book, history: this.history, clock });
  }

  /** The one socket, or null. */
  get connection(): Connection | null {
    return this.#connection;
  }

  /** Whether the terminal is linked to the broker; otherwise no ticks arrive. */
  get linkUp(): boolean {
    return this.#linkDownBy.size === 0;
  }

  /** A client that wants ticks is connected and reachable. */
  get wantsTicks(): boolean {
    return this.linkUp && this.#connection?.open === true && this.#connection.subscriptions.anyPrices;
  }

  clock(): BrokerClock {
    return this.#clock;
  }

  monoMs(): number {
    return this.#o.monoMs();
  }

  nowUtcMs(): number {
    return this.conditions.frozenAtUtcMs ?? this.#o.nowUtcMs();
  }

  /** The instant of `serverTime`: now, or the last moment at which any symbol was open. */
  shownUtcMs(): number {
    const nowMs = this.nowUtcMs();
    if (!this.account.freezesWhileShut) return nowMs;
    const { isOpen, symbols } = this.market;
    const open = (utcMs: number): boolean => symbols.some(({ kind }) => isOpen(kind, utcMs));
    let slot = nowMs - (nowMs % SLOT_MS);
    if (open(slot)) return nowMs;
    while (!open(slot - SLOT_MS)) slot -= SLOT_MS;
    return slot - 1;
  }

  /** Seed of the scenario. */
  get seed(): number {
    return this.#o.scenario.seed;
  }

  /** First instant of the simulation; no tick is earlier. */
  get startUtcMs(): number {
    return this.#o.startUtcMs;
  }

  /** How far the terminal has data from the broker: until now, or until its link went down. */
  syncedUntilUtcMs(): number {
    return this.linkUp ? this.nowUtcMs() : this.#linkDownSinceUtcMs;
  }

  /** Number of a symbol that the broker lists, or −1. */
  symbolIndex(name: string): number {
    return this.conditions.unlisted.includes(name) ? -1 : this.market.indexOf(name);
  }

  lastSeen(symbol: number): LastTick | null {
    const last = this.#seen.last(symbol);
    return last === null ? null : { ...last, utcMs: this.ledger.statedUtcMs(last.n, last.utcMs) };
  }

  /** Takes an upgraded socket and evicts an older one of this account. */
  attach(ws: WebSocket, socket: Socket): Connection {
    const { scenario } = this.#o;
    this.#connection?.evict();
    const conn = this.connections.length + 1;
    const connection = new Connection(this, conn, ws, socket, {
      limit: scenario.queueFrames,
      policy: 'drop_newest',
      warning: 'in_place',
    });
    const record: ConnectionRecord = {
      conn,
      openedAtMs: this.#o.wallMs(),
      closedAtMs: null,
      code: null,
      endedBy: null,
    };
    this.connections.push(record);
    connection.outbox.onRoom = () => this.onRoom();
    connection.onGone = (code) => {
      record.closedAtMs = this.#o.wallMs();
      record.code = code;
      record.endedBy = connection.endedBy;
      if (this.#connection === connection) this.#connection = null;
      this.onRoom();
    };
    this.#connection = connection;
    this.#sentState.clear();
    this.#evictSoon(connection);
    return connection;
  }

  /** Delivers ticks `from`…`to` and the minutes that they closed. */
  deliver(from: number, to: number, closed: readonly MinuteClosed[]): void {
    // A socket in its closing handshake takes no more frames.
    const connection = this.linkUp && this.#connection?.open === true ? this.#connection : null;
    const trading = this.#trading;
    const mayTrade = this.linkUp;
    const { tape } = this.market;
    const prices = connection?.subscriptions.prices;
    const { otherTimes } = this.conditions;
    let nextClosed = 0;
    if (prices === undefined && !trading.active && otherTimes.size === 0) return;
    let chunk = tape.chunk(from);
    for (let n = from; n <= to; n++) {
      const at = n & CHUNK_MASK;
      if (at === 0) chunk = tape.chunk(n);
      const symbol = chunk.symbol[at] as number;
      // A delayed symbol is delayed even without a client.
      const other = otherTimes.get(symbol);
      if (other?.remaining === null) this.ledger.stateOff(n, other.byMs);
      if (connection !== null && closed[nextClosed]?.n === n)
        connection.minuteClosed(closed[nextClosed++] as MinuteClosed);
      if (connection !== null && prices?.[symbol] === 1) connection.tick(n, symbol);
      if (!trading.active) continue;
      const quote = { bid: chunk.bid[at] as number, ask: chunk.ask[at] as number, mayTrade };
      if (trading.tick(symbol, chunk.utcMs[at] as number, quote)) this.#announce();
    }
  }

  /** Executes a trading request now and streams its results. */
  trade<T>(ask: (desk: OrderDesk, utcMs: number) => T): T {
    const answer = ask(this.#trading.desk(), this.#o.nowUtcMs());
    this.#announce();
    return answer;
  }

  /** Conversion of currencies at current quotes. */
  money(): Money {
    return this.#trading.money();
  }

  /** Applies what happens by time alone: expired orders, swap charges. */
  passTime(): void {
    if (this.#trading.time(this.#o.nowUtcMs())) this.#announce();
  }

  /** Sends the heartbeat, and account figures that have changed. */
  beat(): void {
    this.passTime();
    const connection = this.#connection;
    if (connection === null || this.conditions.restarting === 'silence') return;
    connection.heartbeat(() => heartbeat(this.linkUp, this.serverTime()));
    if (this.linkUp) this.#sendState();
  }

  /** The broker's clock as text, for heartbeats. */
  serverTime(): string {
    return this.#clock.text(this.shownUtcMs());
  }

  stateOf(topic: Topic): string | null {
    if (topic !== 'account' && topic !== 'positions') return null;
    const data = topic === 'account' ? this.rows.summary() : this.rows.opened();
    const text = toJson({ type: topic, data });
    this.#sentState.set(topic, text);
    return text;
  }

  /** Cuts the link to the broker, under a name; ticks until `linkBack` are lost to this account. */
  cutLink(by: string): void {
    if (this.linkUp) {
      this.#seen.linkDown();
      this.#linkDownSinceUtcMs = this.nowUtcMs();
    }
    this.#linkDownBy.add(by);
  }

  linkBack(by: string): void {
    if (this.#linkDownBy.delete(by) && this.linkUp) this.#seen.linkUp();
  }

  /** Changes the clock rule of the broker's server, from the next tick on. */
  changeClockRule(rule: string): void {
    this.#clock = new BrokerClock(rule);
    this.encoder.changeClock(this.#clock);
    this.ledger.changeClock(this.#clock);
  }

  /** Streams new deals and the figures that changed with them; without the link to the broker they are lost. */
  #announce(): void {
    const deals = this.#trading.takeNew();
    if (!this.linkUp) return;
    for (const deal of deals) this.#tell(deal);
    this.#sendState();
  }

  #tell(deal: Deal): void {
    const { conditions } = this;
    const degraded = conditions.degradedTrades > 0;
    if (degraded) conditions.degradedTrades--;
    this.#connection?.sendIf('trades', () =>
      toJson({ type: 'trade', data: this.rows.trade(deal, degraded) }),
    );
  }

  /** Sends positions and figures that have changed since they were last sent on this connection. */
  #sendState(): void {
    const connection = this.#connection;
    if (connection === null) return;
    for (const topic of ['positions', 'account'] as const) {
      if (!connection.subscriptions.has(topic)) continue;
      const before = this.#sentState.get(topic);
      const text = this.stateOf(topic);
      if (text !== null && text !== before) connection.send(text);
    }
  }

  #evictSoon(connection: Connection): void {
    const { evictions } = this.conditions;
    if (evictions === null || evictions.remaining === 0) return;
    evictions.remaining--;
    setTimeout(() => {
      if (connection.open) connection.evict();
    }, evictions.afterMs);
  }
}
