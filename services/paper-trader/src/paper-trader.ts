// A trader for demonstrations: it opens, protects, reduces and closes small positions on one account at random. In: the account's reading and
// trading clients, and a random source. Out: one action per step. When the answer to an order is lost, the trader looks for its comment and
// sends nothing until the outcome is known.
//
//   free ──answer lost──► looking ──its comment is among orders or deals, or was not for five looks──► free

import type { FxSocketRest, WireOpenedOrder } from '@fxtape/fxsocket';
import { FxSocketTradingError, type FxSocketTrading, type OrderResult } from '@fxtape/fxsocket-trading';

type Reading = Pick<FxSocketRest, 'openedOrders' | 'orderHistory' | 'quote' | 'symbolInfo' | 'symbols'>;
type Trading = Pick<FxSocketTrading, 'orderSend' | 'orderModify' | 'orderClose'>;

export interface PaperTraderOptions {
  readonly rest: Reading;
  readonly trading: Trading;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Begins the comment of each order; different for each run. */
  readonly run: string;
}

/** Marks its orders. */
export const MAGIC = 20_260;
const PREFERRED = ['BTCUSD', 'EURUSD', 'GBPUSD', 'XAUUSD', 'USDJPY'];
const MOST_OPEN = 4;
const LOOKS = 5;
/** Steps for which a shut symbol is skipped. */
const REST_STEPS = 100;

export class PaperTrader {
  readonly #o: PaperTraderOptions;
  #symbols: readonly string[] | null = null;
  readonly #digits = new Map<string, number>();
  readonly #restsUntil = new Map<string, number>();
  #step = 0;
  #orders = 0;
  #lost: { readonly comment: string; looks: number } | null = null;

  constructor(options: PaperTraderOptions) {
    this.#o = options;
  }

  /** The comment of an order that is being looked for; null when everything is known. */
  get looking(): string | null {
    return this.#lost?.comment ?? null;
  }

  /** Does one action and describes it. Throws FxSocketError when the gateway cannot be read. */
  async step(): Promise<string> {
    this.#step += 1;
    const all = await this.#o.rest.openedOrders();
    if (this.#lost !== null) return this.#look(this.#lost, all);
    const mine = all.filter(({ magic }) => Number(magic) === MAGIC);
    const positions = mine.filter(({ kind }) => kind === 'Position');
    const pick = <T>(of: readonly T[]): T | undefined => of[Math.floor(this.#o.random() * of.length)];
    const chance = this.#o.random();
    const position = pick(positions);
    if (mine.length >= MOST_OPEN || (position !== undefined && chance < 0.35)) return this.#close(pick(mine));
    if (position !== undefined && chance < 0.5) return this.#protect(position);
    return this.#open(chance);
  }

  async #open(chance: number): Promise<string> {
    const symbol = await this.#symbol();
    if (symbol === null) return 'nothing is open';
    const { bid, ask } = await this.#o.rest.quote(symbol);
    const side = this.#o.random() < 0.5 ? 'Buy' : 'Sell';
    const sign = side === 'Buy' ? 1 : -1;
    const away = (from: number, share: number): Promise<number> =>
      this.#round(symbol, from * (1 + sign * share));
    const price = side === 'Buy' ? ask : bid;
    const comment = `${this.#o.run}-${++this.#orders}`;
    const common = {
      symbol,
      volume: (1 + Math.floor(this.#o.random() * 5)) / 100,
      comment,
      expertId: MAGIC,
      stopLoss: await away(price, -0.01),
      takeProfit: await away(price, 0.01),
    };
    const order: Parameters<Trading['orderSend']>[0] =
      chance < 0.85
        ? { ...common, operation: side }
        : { ...common, operation: `${side}Limit`, price: await away(price, -0.0005) };
    try {
      const result = await this.#o.trading.orderSend(order);
      if (result.retcodeName === 'MARKET_CLOSED') this.#restsUntil.set(symbol, this.#step + REST_STEPS);
      return told(`${order.operation} ${order.volume} ${symbol}`, result);
    } catch (error) {
      return this.#failed(`${order.operation} ${symbol}`, error, comment);
    }
  }

  async #protect({ ticket, symbol, type, currentPrice, openPrice }: WireOpenedOrder): Promise<string> {
    const price = currentPrice ?? openPrice ?? null;
    if (price === null || typeof symbol !== 'string') return `${ticket} has no price`;
    const sign = type === 'Buy' ? -1 : 1;
    const stopLoss = await this.#round(symbol, price * (1 + sign * 0.005));
    try {
      return told(
        `stop of ${ticket} to ${stopLoss}`,
        await this.#o.trading.orderModify({ ticket, stopLoss }),
      );
    } catch (error) {
      return this.#failed(`stop of ${ticket}`, error, null);
    }
  }

  async #close(order: WireOpenedOrder | undefined): Promise<string> {
    if (order === undefined) return 'nothing to close';
    const { ticket, lots, kind } = order;
    const part = kind === 'Position' && (lots ?? 0) >= 0.02 && this.#o.random() < 0.3;
    try {
      const request = part ? { ticket, volume: 0.01 } : { ticket };
      return told(`close ${part ? 'a part of ' : ''}${ticket}`, await this.#o.trading.orderClose(request));
    } catch (error) {
      // Whatever became of it, the next step reads what is open before it does anything.
      return this.#failed(`close ${ticket}`, error, null);
    }
  }

  /** `comment` is that of a new order: only such a one could be made twice. */
  #failed(what: string, error: unknown, comment: string | null): string {
    if (!(error instanceof FxSocketTradingError)) throw error;
    if (error.outcome === 'unknown' && comment !== null) this.#lost = { comment, looks: 0 };
    return `${what}: ${error.outcome}, ${error.code}`;
  }

  async #look(lost: { comment: string; looks: number }, open: readonly WireOpenedOrder[]): Promise<string> {
    const { rows } = await this.#o.rest.orderHistory();
    const found = [...open, ...rows].some(({ comment }) => comment === lost.comment);
    lost.looks += 1;
    if (!found && lost.looks < LOOKS) return `${lost.comment} is not there yet`;
    this.#lost = null;
    return `${lost.comment} ${found ? 'was made' : 'was not made'}`;
  }

  /** One that is not known to be shut; null when all are. */
  async #symbol(): Promise<string | null> {
    this.#symbols ??= await this.#o.rest.symbols();
    const listed = this.#symbols;
    // A broker may append a suffix to the name.
    const liked = PREFERRED.flatMap((name) => listed.filter((one) => one.startsWith(name)).slice(0, 1));
    const candidates = liked.length === 0 ? listed.slice(0, 3) : liked;
    const awake = candidates.filter((one) => (this.#restsUntil.get(one) ?? 0) < this.#step);
    return awake[Math.floor(this.#o.random() * awake.length)] ?? null;
  }

  async #round(symbol: string, price: number): Promise<number> {
    let digits = this.#digits.get(symbol);
    if (digits === undefined) {
      ({ digits } = await this.#o.rest.symbolInfo(symbol));
      this.#digits.set(symbol, digits);
    }
    return Number(price.toFixed(digits));
  }
}

const told = (what: string, { outcome, retcode, retcodeName }: OrderResult): string =>
  `${what}: ${outcome}${outcome === 'applied' ? '' : ` (${retcodeName ?? retcode})`}`;
